import { watchResource } from '../infra/cluster/watch.ts'
import type { Manifest } from '../velero/manifest.ts'
import { workAlone } from './alone.ts'
import { repeat, veleroResource } from './ports.ts'
import type { ServerPorts } from './ports.ts'

/** Every request is looked at again after so long: that finds what the watch may have missed, and what failed in passing. */
const sweepMs = 20_000

/** Which requests, and how the log speaks of them. */
export interface RequestKind {
  /** The plural name of the resource, such as `downloadrequests`. */
  resource: string
  /** The kind, such as `DownloadRequest`. */
  kind: string
  /** The line of the log where the work on one fails. */
  trouble: string
  /** The field of the log with its name. */
  field: string
}

/**
 * Works on each request of a kind in Velero's namespace when it changes, and on all of them every 20 s, until the signal of the
 * ports is aborted. Trouble with one stays with it, and it is tried again at the next turn.
 */
export async function workOnRequests<Request extends Pick<Manifest, 'metadata'>>(
  ports: ServerPorts,
  { resource, kind, trouble, field }: RequestKind,
  work: (request: Request) => Promise<void>,
): Promise<void> {
  const open = new Map<string, Request>()
  const alone = workAlone(ports.log, trouble, field)
  const tryOnce = async (request: Request): Promise<void> => {
    if (!ports.signal.aborted) await alone.on(request.metadata.name, () => work(request))
  }
  const watching = watchResource({
    connection: ports.connection,
    resource: veleroResource(resource),
    namespace: ports.namespace,
    onChange: (manifest) => {
      const request = manifest as unknown as Request
      open.set(request.metadata.uid ?? '', request)
      void tryOnce(request)
    },
    onGone: ({ metadata: { name, uid = '' } }) => {
      open.delete(uid)
      alone.forget(name)
    },
    onSynced: () => undefined,
    signal: ports.signal,
    log: ports.log,
  })
  const sweeping = repeat({ ...ports, what: `sweep ${kind}s`, everyMs: sweepMs }, async () => {
    for (const request of open.values()) await tryOnce(request)
  })
  await Promise.all([watching, sweeping])
}
