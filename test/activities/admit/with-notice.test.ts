import { expect, it } from 'vitest'
import { withNotice } from '../../../activities/admit/with-notice.ts'
import { defaultTemplate } from '../../../core/notify/template.ts'
import { drillLabel } from '../../../velero/labels.ts'
import type { Restore } from '../../../velero/restore.ts'

const restore = { metadata: { name: 'again' }, spec: {} } as Restore
const ofDrill = { ...restore, metadata: { name: 'again', labels: { [drillLabel]: 'nightly' } } } as Restore
const set = { notify: { on: 'trouble' as const, seconds: 600, template: defaultTemplate } }
const over = (phase: string) => ({ do: 'over' as const, phase })

it('an admission tells the workflow that its end is notified, and nothing of the template', () => {
  expect(withNotice(over('FailedValidation'), set, restore)).toEqual({
    ...over('FailedValidation'),
    notify: { on: 'trouble', seconds: 600 },
  })
})

it.each([
  ['where no receiver is set', over('Failed'), { notify: undefined }, restore],
  ['of a Restore that goes on elsewhere', over('InProgress'), set, restore],
  ['of the restore of a drill, which the drill tells of', over('Failed'), set, ofDrill],
])('an admission tells nothing %s', (_when, report, settings, of) => {
  expect(withNotice(report, settings, of)).toEqual(report)
})
