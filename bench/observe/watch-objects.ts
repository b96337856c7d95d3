import { Agent, request } from 'undici'
import type { ClusterAddress } from '../../devstack/stack-types.ts'
import type { Manifest } from '../../velero/manifest.ts'

/** A watch that is open. */
export interface OpenWatch {
  /** Resolves when it has ended, by whatever. */
  ended: Promise<void>
  stop(): Promise<void>
}

/**
 * Watches a collection, such as `/api/v1/secrets`, from a resourceVersion on. It ends when `onObject` returns `stop`, so that it costs the
 * API server nothing any more. Its connection is its own.
 */
export async function watchObjects(
  cluster: ClusterAddress,
  from: { path: string; resourceVersion: string; fieldSelector?: string },
  onObject: (object: Manifest) => 'stop' | 'go on',
): Promise<OpenWatch> {
  const { path, resourceVersion, fieldSelector } = from
  const query = new URLSearchParams({ watch: '1', resourceVersion, ...(fieldSelector ? { fieldSelector } : {}) })
  const dispatcher = new Agent({ connect: { ca: cluster.kubeCa } })
  const answer = await request(`${cluster.kubeUrl}${path}?${query.toString()}`, {
    dispatcher,
    headers: { authorization: `Bearer ${cluster.tokens.admin}` },
    bodyTimeout: 0,
  })
  const read = async () => {
    let rest = ''
    try {
      for await (const piece of answer.body.setEncoding('utf8')) {
        const lines = `${rest}${String(piece)}`.split('\n')
        rest = lines.pop() ?? ''
        if (lines.some((line) => onObject((JSON.parse(line) as { object: Manifest }).object) === 'stop')) return
      }
    } catch {
      // A watch that is stopped ends with an error of its connection.
    } finally {
      await dispatcher.destroy()
    }
  }
  const ended = read()
  return {
    ended,
    async stop() {
      await dispatcher.destroy()
      await ended
    },
  }
}
