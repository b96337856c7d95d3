import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { cancelByPlugin, observeByPlugin } from '../../../activities/operations/plugin-operations.ts'
import type { Plugins } from '../../../activities/ports.ts'
import { PluginError } from '../../../core/port-errors.ts'
import type { StoredAdmission } from '../../../activities/frame/journal.ts'
import { createWorld } from '../../ports/world.ts'
import { anOperation } from '../../core/operations/operations.ts'

const admission: StoredAdmission = {
  restore: { name: 'r', namespace: 'velero', uid: 'u', creationTimestamp: '2026-11-24T10:00:00Z' },
  spec: { backupName: 'b' },
  backup: { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'b' }, spec: {} },
  location: 'default',
  startedAt: '2026-11-24T10:00:00Z',
}

function asking(plugins: Partial<Plugins>) {
  const { log } = createWorld()
  const signal = new AbortController().signal
  return { ports: { log, plugins: plugins as Plugins }, session: { admission }, attempt: { signal } }
}

const operation = anOperation('op')
const failing = (kind: 'unknown' | 'answer') => async (): Promise<never> => {
  throw new PluginError(kind, 'no')
}

describe('the operation of a plugin', () => {
  it('is told as its plugin tells it, which gets the Restore', async () => {
    const asked: unknown[] = []
    const progress: Plugins['progress'] = async (action, input) => {
      asked.push([action, input])
      return { completed: true, error: 'bad', nCompleted: 1, nTotal: 2, units: 'steps', description: 'd', started: 's' }
    }
    expect(await observeByPlugin(operation, asking({ progress }))).toEqual({
      seen: 'progress',
      name: '',
      description: 'd',
      units: 'steps',
      nCompleted: 1,
      nTotal: 2,
      started: 's',
      end: { error: 'bad' },
    })
    expect(asked).toMatchObject([
      [
        operation.spec.restoreItemAction,
        { operationId: 'op', restore: { kind: 'Restore', metadata: { uid: 'u' }, spec: { backupName: 'b' } } },
      ],
    ])
  })

  it('fails at once where this worker has no such plugin, and is asked again after any other error', async () => {
    expect(await observeByPlugin(operation, asking({ progress: failing('unknown') }))).toEqual({
      seen: 'unsupported',
      error: 'no',
    })
    expect(await observeByPlugin(operation, asking({ progress: failing('answer') }))).toEqual({
      seen: 'unavailable',
      error: 'no',
    })
  })

  it('counts as cancelled also where its plugin refuses that', async () => {
    await expect(cancelByPlugin(operation, asking({ cancel: failing('answer') }))).resolves.toBeUndefined()
  })
})
