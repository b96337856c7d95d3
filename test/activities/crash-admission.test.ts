import '../ports/deterministic.ts'
import { describe } from 'vitest'
import { activitiesOf, testCrashes } from './crash/test-crashes.ts'

describe.each(activitiesOf('admission'))('%s ends the same wherever it crashes', testCrashes)
