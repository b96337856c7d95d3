import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates } from 'node:tls'
import type { DownloadRequest, DownloadTarget } from '../../velero/download-request.ts'
import type { Connections } from './connections.ts'
import type { ReadOptions } from './options.ts'
import { veleroRef } from './velero-objects.ts'

export type { ReadOptions } from './options.ts'

/** A DownloadRequest is answered within a second or two. */
const answerMsMax = 10_000
const answerPollMs = 300
const downloadMsMax = 60_000

/**
 * Downloads a file by a DownloadRequest, which a Velero server or a worker answers with a presigned URL; undefined where the
 * file does not exist.
 */
export async function downloadFile(
  { connection: { cluster }, namespace }: Connections,
  target: DownloadTarget,
  options: ReadOptions,
): Promise<Buffer | undefined> {
  const ref = veleroRef('downloadrequests')
  const name = `${target.name.slice(0, 200)}-${randomBytes(5).toString('hex')}`
  const request: DownloadRequest = {
    apiVersion: 'velero.io/v1',
    kind: 'DownloadRequest',
    metadata: { name, namespace },
    spec: { target },
  }
  const { timeoutMs = answerMsMax } = options
  await cluster.create(ref, namespace, request, { fieldManager: 'drydock-client' })
  try {
    const read = async () => (await cluster.get({ ...ref, namespace, name })) as DownloadRequest | undefined
    const url = await awaitUrl(read, timeoutMs)
    if (url === undefined) throw new Error(`nobody has answered DownloadRequest ${name} within ${timeoutMs / 1000} s`)
    return await get(url, options)
  } finally {
    // A request that stays is deleted when it expires.
    await cluster.remove({ ...ref, namespace, name }).catch(() => undefined)
  }
}

async function awaitUrl(
  read: () => Promise<DownloadRequest | undefined>,
  timeoutMs: number,
): Promise<string | undefined> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(answerPollMs)) {
    const { phase, downloadURL } = (await read())?.status ?? {}
    if (phase === 'Processed' && downloadURL !== undefined && downloadURL !== '') return downloadURL
  }
  return undefined
}

async function get(url: string, { caCert, insecureSkipTlsVerify = false }: ReadOptions): Promise<Buffer | undefined> {
  const signal = AbortSignal.timeout(downloadMsMax)
  const ca = caCert === undefined ? {} : { ca: [...getCACertificates('default'), caCert] }
  const request = url.startsWith('https:')
    ? httpsRequest(url, { signal, rejectUnauthorized: !insecureSkipTlsVerify, ...ca })
    : httpRequest(url, { signal })
  const {
    body,
    statusCode = 0,
    statusMessage = '',
  } = await new Promise<{
    body: Buffer
    statusCode?: number | undefined
    statusMessage?: string | undefined
  }>((resolve, reject) => {
    request.on('error', reject).on('response', (answer) => {
      const { statusCode, statusMessage } = answer
      buffer(answer).then((body) => resolve({ body, statusCode, statusMessage }), reject)
    })
    request.end()
  })
  if (statusCode === 404) return undefined
  if (statusCode < 200 || statusCode > 299)
    throw new Error(`the bucket answers a download with ${statusCode} ${statusMessage}`)
  return body
}
