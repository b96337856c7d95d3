import { awaitHooks } from './await-hooks.ts'
import { cleanUp } from './clean-up.ts'
import { patchVolumes } from './patch-volumes.ts'
import { putBackVolumes } from './put-back-volumes.ts'
import { relinkOwners } from './relink-owners.ts'
import { scaleWorkloads } from './scale-workloads.ts'
import type { FinalizeTask } from './task.ts'
import { tidyJournal } from './tidy-journal.ts'
import { validate } from './validate.ts'

/**
 * The finalization tasks, in the order in which they run. A restore asks once for the list and keeps it, so a task may be
 * added at any place.
 */
export const finalizeTasks: readonly FinalizeTask[] = [
  // Change restored objects. Pods need their claims, and new volumes may need pods.
  putBackVolumes,
  relinkOwners,
  scaleWorkloads,
  patchVolumes,
  // Remove objects of ours.
  cleanUp,
  // Wait for others.
  awaitHooks,
  // Look at everything.
  validate,
  // Forget what is needed no more.
  tidyJournal,
]
