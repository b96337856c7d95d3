import { describe, expect, it } from 'vitest'
import { decideTakeOver, veleroControllersOf } from '../../../core/request/take-over.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { adoptAnnotation, claimedAnnotation } from '../../../velero/labels.ts'
import { restorePhases } from '../../../velero/phases.ts'
import type { RestorePhase } from '../../../velero/phases.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'

const aRestore = (status: RestoreStatus | undefined, annotations: Record<string, string> = {}): Restore => ({
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'again', namespace: 'velero', uid: 'u', annotations },
  spec: { backupName: 'shop' },
  ...(status === undefined ? {} : { status }),
})
const claim = { [claimedAnnotation]: 'w-1, 2026-11-24T10:00:00Z' }
const waiting: RestorePhase[] = [
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
]
const terminal: RestorePhase[] = ['FailedValidation', 'Completed', 'PartiallyFailed', 'Failed']
const deleted = (restore: Restore) => ({
  ...restore,
  metadata: { ...restore.metadata, deletionTimestamp: '2026-11-24T10:00:00Z' },
})

describe('a Restore as it is found', () => {
  it.each(terminal)('in phase %s is over, claimed or not', (phase) => {
    for (const controllers of ['on', 'off'] as const) {
      for (const annotations of [{}, claim]) {
        expect(decideTakeOver(aRestore({ phase }, annotations), controllers)).toEqual({ do: 'over', phase })
      }
    }
  })

  it.each([undefined, {}, { phase: '' }, { phase: 'New' }] as (RestoreStatus | undefined)[])(
    'with status %j is admitted where Velero leaves it to us, and left where not',
    (status) => {
      expect(decideTakeOver(aRestore(status), 'off')).toEqual({ do: 'admit' })
      expect(decideTakeOver(aRestore(status), 'on')).toMatchObject({ do: 'leave' })
    },
  )

  it.each<RestorePhase>(['InProgress', ...waiting])('in phase %s with our claim is resumed', (phase) => {
    expect(decideTakeOver(aRestore({ phase }, claim), 'off')).toEqual({ do: 'resume' })
    expect(decideTakeOver(aRestore({ phase }, claim), 'on')).toEqual({ do: 'resume' })
  })

  it("in phase InProgress without our claim fails in Velero's words, unless it is to be adopted", () => {
    const found = { phase: 'InProgress' } as const
    expect(decideTakeOver(aRestore(found), 'off')).toEqual({ do: 'fail', reason: restartFailureReason })
    expect(decideTakeOver(aRestore(found, { [adoptAnnotation]: 'true' }), 'off')).toEqual({ do: 'admit' })
    expect(decideTakeOver(aRestore(found, { [adoptAnnotation]: 'yes' }), 'off')).toMatchObject({ do: 'fail' })
    expect(decideTakeOver(aRestore(found, { [adoptAnnotation]: 'true' }), 'on')).toMatchObject({ do: 'leave' })
  })

  it.each(waiting)('in phase %s without our claim is inherited only where Velero leaves it to us', (phase) => {
    expect(decideTakeOver(aRestore({ phase }), 'off')).toEqual({ do: 'inherit' })
    expect(decideTakeOver(aRestore({ phase }), 'on')).toMatchObject({ do: 'leave' })
  })

  it('that a starting Velero server swept is resumed where it is ours, else over', () => {
    const swept = { phase: 'Failed', failureReason: restartFailureReason } as const
    expect(decideTakeOver(aRestore(swept, claim), 'on')).toEqual({ do: 'resume' })
    expect(decideTakeOver(aRestore(swept), 'off')).toEqual({ do: 'over', phase: 'Failed' })
    expect(decideTakeOver(aRestore({ ...swept, failureReason: 'other' }, claim), 'off')).toMatchObject({ do: 'over' })
  })

  it('that is being deleted is not begun, but ended where it is ours', () => {
    expect(decideTakeOver(deleted(aRestore({})), 'off')).toEqual({ do: 'leave', because: 'it is being deleted' })
    expect(decideTakeOver(deleted(aRestore({ phase: 'InProgress' }, claim)), 'off')).toEqual({ do: 'resume' })
  })

  it('says in every refusal what to do about it', () => {
    expect(decideTakeOver(aRestore({}), 'on')).toHaveProperty(
      'because',
      expect.stringContaining('--disable-controllers='),
    )
  })

  it('has a decision for every phase', () => {
    for (const phase of restorePhases) expect(decideTakeOver(aRestore({ phase }), 'off').do).toBeTruthy()
  })
})

describe("Velero's restore controllers", () => {
  const server = (args: string[], readyReplicas = 1, command: string[] = ['/velero']): Manifest => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'velero' },
    spec: { template: { spec: { containers: [{ command, args }] } } },
    status: { readyReplicas },
  })
  const all = 'restore,restore-operations,restore-finalizer'

  it.each<[string, Manifest | undefined, 'on' | 'off']>([
    ['there is no server', undefined, 'off'],
    ['no replica of it is ready', server(['server'], 0), 'off'],
    ['it has no status', { ...server(['server']), status: undefined }, 'off'],
    ['it is as installed', server(['server']), 'on'],
    ['it disables all three', server(['server', `--disable-controllers=${all}`]), 'off'],
    ['it disables them in two words', server(['server', '--disable-controllers', all]), 'off'],
    ['it disables them one by one', server(all.split(',').map((one) => `--disable-controllers=${one}`)), 'off'],
    ['it disables more', server([`--disable-controllers=gc, ${all}`]), 'off'],
    ['it disables them in its command', server([], 1, ['/velero', 'server', `--disable-controllers=${all}`]), 'off'],
    ['it disables two of them', server(['--disable-controllers=restore,restore-finalizer']), 'on'],
    ['it disables others', server(['--disable-controllers=gc']), 'on'],
    ['the flag has no value', server(['--disable-controllers']), 'on'],
    ['it has no containers', { ...server([]), spec: {} }, 'on'],
  ])('where %s', (_why, deployment, expected) => {
    expect(veleroControllersOf(deployment)).toBe(expected)
  })
})
