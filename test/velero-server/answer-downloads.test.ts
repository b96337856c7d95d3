import '../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../core/port-errors.ts'
import { answerTo } from '../../velero-server/answer-downloads.ts'
import type { DownloadTarget } from '../../velero/download-request.ts'
import { worldAt } from '../activities/crash/restore-in-memory.ts'
import { createWorld } from '../ports/world.ts'

async function ports() {
  const { cluster, stores } = createWorld(await worldAt('new')).startProcess().ports
  return { cluster, stores, namespace: 'velero' }
}

describe('the answer to a DownloadRequest', () => {
  it('is an address where what it names is there', async () => {
    const target = { kind: 'RestoreLog', name: 'again' } as DownloadTarget
    expect(await answerTo(await ports(), target)).toEqual({ url: expect.stringContaining('restores/again/') })
  })

  it.each([
    [{ kind: 'RestoreLog', name: 'a/b' }],
    [{ kind: 'BackupContents', name: '../x' }],
    [{ kind: 'RestoreLog', name: '' }],
    [{ kind: 'RestoreLog' }],
    [{ kind: 'toString', name: 'again' }],
    [undefined],
  ])('is that there can be none for %j', async (target) => {
    expect(await answerTo(await ports(), target as unknown as DownloadTarget)).toEqual({
      never: expect.stringMatching(/./),
    })
  })

  it('is tried again where the API server is away', async () => {
    const away = new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'try again' })
    const { cluster, ...others } = await ports()
    const target = { kind: 'BackupLog', name: 'shop' } as DownloadTarget
    const unreachable = { ...cluster, get: () => Promise.reject(away) }
    await expect(answerTo({ ...others, cluster: unreachable }, target)).rejects.toBe(away)
  })
})
