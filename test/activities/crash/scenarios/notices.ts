import { defaultTemplate } from '../../../../core/notify/template.ts'
import type { Scenario } from '../crash-points.ts'
import { changed, ref, worldAt } from '../restore-in-memory.ts'
import { itEnded } from './ending.ts'

const settings = { notify: { on: 'all' as const, seconds: 600, template: defaultTemplate } }
const details = {
  counts: { created: 13, updated: 0, skipped: 1, failed: 1 },
  causes: [{ cause: 'error restoring …: exceeded quota', count: 1 }],
}
const input = { ref, seconds: 600, details }

export const notify: readonly Scenario[] = [
  { when: 'the restore is over', world: () => changed(worldAt('finalizing'), itEnded), input, settings },
  {
    when: 'it is the end of a drill whose Restore is gone',
    world: () => worldAt('new'),
    input: {
      ref: { ...ref, name: 'gone', uid: 'gone' },
      seconds: 600,
      drill: 'nightly',
      ended: {
        namespace: 'velero',
        name: 'gone',
        backup: 'shop',
        phase: 'Completed',
        startedAt: '2026-01-02T03:04:00Z',
        endedAt: '2026-01-02T03:09:00Z',
        warnings: 0,
        errors: 0,
        itemsRestored: 15,
        totalItems: 15,
      },
    },
    settings,
  },
]

export const tellNotDelivered: readonly Scenario[] = [
  {
    when: 'the receiver did not answer',
    world: () => changed(worldAt('finalizing'), itEnded),
    input: {
      ref,
      why: 'the notification of restore again was not delivered: https://hooks.example.com did not answer',
    },
  },
]
