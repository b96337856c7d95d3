import { describe, expect, it } from 'vitest'
import { drillOf } from '../../../../client/cli/commands/drill/create-drill.ts'
import type { CreateDrillOptions } from '../../../../client/cli/commands/drill/create-drill.ts'

const options: CreateDrillOptions = {
  output: 'table',
  schedule: '0 3 * * *',
  into: 'scratch-',
  fromSchedule: 'nightly',
  timezone: 'UTC',
  validate: true,
  keep: 10,
  deadline: 14_400_000,
}

describe('drydock drill create', () => {
  it('names the drill as what it restores, starts no workload, and looks at the objects once more', () => {
    expect(drillOf(options, undefined)).toEqual({
      cron: '0 3 * * *',
      timeZone: 'UTC',
      paused: false,
      request: {
        name: 'nightly',
        from: { schedule: 'nightly' },
        prefix: 'scratch-',
        replicas: 'zero',
        validate: true,
        keep: 10,
        deadlineSeconds: 14_400,
      },
    })
  })

  it('takes one backup, workloads as they were, and leaves out what is named', () => {
    const { fromSchedule: _, ...rest } = options
    const asked = {
      ...rest,
      fromBackup: 'b',
      withReplicas: true,
      excludeNamespaces: ['velero'],
      excludeResources: ['x'],
    }
    expect(drillOf(asked, 'mine').request).toMatchObject({
      name: 'mine',
      from: { backup: 'b' },
      replicas: 'as-backed-up',
      excludedNamespaces: ['velero'],
      excludedResources: ['x'],
    })
  })

  it.each([{ fromBackup: 'b' }, { fromSchedule: '' }])('wants one source: %j', (change) => {
    expect(() => drillOf({ ...options, ...change }, 'mine')).toThrow(
      'either --from-schedule or --from-backup is needed, and not both',
    )
  })
})
