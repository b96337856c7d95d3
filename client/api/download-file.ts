import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DownloadRequest, DownloadTarget } from '../../velero/download-request.ts'
import type { Connections } from './connections.ts'
import { veleroRef } from './velero-objects.ts'

/** Whoever answers does so in a second or two; where nobody does, there is nobody. */
const patienceMs = 10_000
const lookMs = 300

/**
 * Reads a file as Velero's command line does: a DownloadRequest is answered by Velero's server or a worker with an
 * address that needs no credentials. Undefined where the file is not there. Throws where nobody answers in time.
 */
export async function downloadFile(
  { connection: { cluster }, namespace }: Connections,
  target: DownloadTarget,
): Promise<Buffer | undefined> {
  const ref = veleroRef('downloadrequests')
  const name = `${target.name.slice(0, 200)}-${randomBytes(5).toString('hex')}`
  const request: DownloadRequest = {
    apiVersion: 'velero.io/v1',
    kind: 'DownloadRequest',
    metadata: { name, namespace },
    spec: { target },
  }
  await cluster.create(ref, namespace, request, { fieldManager: 'drydock-client' })
  try {
    const url = await answerOf(
      async () => (await cluster.get({ ...ref, namespace, name })) as DownloadRequest | undefined,
    )
    if (url === undefined) throw new Error(`nobody answers DownloadRequest ${name} within ${patienceMs / 1000} s`)
    const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs * 6) })
    if (answer.status === 404) return undefined
    if (!answer.ok) throw new Error(`the bucket answers a download with ${answer.status} ${answer.statusText}`)
    return Buffer.from(await answer.arrayBuffer())
  } finally {
    // It expires by itself.
    await cluster.remove({ ...ref, namespace, name }).catch(() => undefined)
  }
}

async function answerOf(read: () => Promise<DownloadRequest | undefined>): Promise<string | undefined> {
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await sleep(lookMs)) {
    const { phase, downloadURL } = (await read())?.status ?? {}
    if (phase === 'Processed' && downloadURL !== undefined && downloadURL !== '') return downloadURL
  }
  return undefined
}
