import type { Log } from '../../activities/ports.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import type { ClusterConnection } from './connect.ts'
import { isExpired, listCollection } from './list-objects.ts'
import { readApiError } from './read-api-error.ts'
import { collectionPath } from './objects.ts'

export interface WatchOptions {
  connection: Pick<ClusterConnection, 'send' | 'stream'>
  resource: ResourceRef
  /** All namespaces where it is absent. */
  namespace?: string | undefined
  /** An object is new or differs from what was told last. */
  onChange: (manifest: Manifest) => void
  /** An object is gone; the manifest is the last one known. */
  onGone: (manifest: Manifest) => void
  /** After each list: everything that stood there has been told. */
  onSynced: () => void
  signal: AbortSignal
  log: Log
}

const watchSeconds = 60
const backoffMsMax = 15_000

/**
 * Tells every change of a resource until the signal is aborted, then resolves. It lists, then watches from there; after
 * a broken connection the watch goes on where it was, and where that point is gone, or an event cannot be read, it lists
 * anew and tells what vanished in between. Each state is told once, but states may be left out. It never gives up.
 */
export async function watchResource(options: WatchOptions): Promise<void> {
  const { signal, log } = options
  const known = createKnown(options)
  let from: string | undefined
  let failures = 0
  while (!signal.aborted) {
    const startedAt = performance.now()
    try {
      from ??= await relist(options, known)
      from = await watchOnce(options, known, from)
      failures = performance.now() - startedAt < 1_000 ? failures + 1 : 0
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof WatchBroken) from = error.from
      if (isExpired(error) || !(error instanceof WatchBroken)) from = undefined
      failures = performance.now() - startedAt > watchSeconds * 1000 ? 1 : failures + 1
      log.warn('a watch is interrupted', { resource: options.resource.resource, failures, error: String(error) })
    }
    if (failures > 0) await backOff(failures, signal)
  }
}

interface Known {
  tell(manifest: Manifest): void
  gone(manifest: Manifest): void
  /** Everything that is not among these has vanished. */
  keepOnly(manifests: readonly Manifest[]): void
}

function createKnown({ onChange, onGone, log }: WatchOptions): Known {
  const held = new Map<string, Manifest>()
  const keyOf = ({ metadata }: Manifest): string => `${metadata.namespace ?? ''}/${metadata.name}`

  function tellGone(key: string, manifest: Manifest): void {
    held.delete(key)
    guarded(log, () => onGone(manifest))
  }

  return {
    tell(manifest) {
      const key = keyOf(manifest)
      const before = held.get(key)
      if (before !== undefined && before.metadata.uid !== manifest.metadata.uid) tellGone(key, before)
      else if (before?.metadata.resourceVersion === manifest.metadata.resourceVersion) return
      held.set(key, manifest)
      guarded(log, () => onChange(manifest))
    },
    gone(manifest) {
      if (held.has(keyOf(manifest))) tellGone(keyOf(manifest), manifest)
    },
    keepOnly(manifests) {
      const present = new Set(manifests.map(keyOf))
      for (const [key, manifest] of held) if (!present.has(key)) tellGone(key, manifest)
    },
  }
}

/** A listener that throws must not end the watch. */
function guarded(log: Log, call: () => void): void {
  try {
    call()
  } catch (error) {
    log.error('a listener of a watch failed', { error: String(error) })
  }
}

async function relist(options: WatchOptions, known: Known): Promise<string> {
  const { connection, resource, namespace, signal, log, onSynced } = options
  const list = await listCollection(
    (request) => connection.send({ ...request, lane: 'vital', signal }),
    collectionPath(resource, namespace),
  )
  known.keepOnly(list.items)
  for (const item of list.items) known.tell(item)
  guarded(log, onSynced)
  return list.resourceVersion
}

/** The connection broke; the watch can go on from there. */
class WatchBroken extends Error {
  override readonly name = 'WatchBroken'
  readonly from: string

  constructor(from: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.from = from
  }
}

/** Watches until the server ends it; returns the version to go on from. */
async function watchOnce(options: WatchOptions, known: Known, from: string): Promise<string> {
  const { connection, resource, namespace, signal } = options
  let reached = from
  let refused: Error | undefined
  const stopped = new AbortController()
  try {
    await connection.stream(
      {
        method: 'GET',
        path: collectionPath(resource, namespace),
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: from,
          timeoutSeconds: watchSeconds,
        },
        timeoutSeconds: watchSeconds + 10,
        signal: AbortSignal.any([signal, stopped.signal]),
      },
      (line) => {
        if (refused !== undefined) return
        try {
          reached = takeEvent(line, known) ?? reached
        } catch (error) {
          refused = error instanceof Error ? error : new Error(String(error))
          stopped.abort(refused)
        }
      },
    )
  } catch (error) {
    if (refused !== undefined || isExpired(error)) throw refused ?? error
    throw new WatchBroken(reached, error)
  }
  if (refused !== undefined) throw refused
  return reached
}

interface WatchEvent {
  type?: string
  object?: Manifest & { code?: number }
}

/** Passes one event on; returns the version it stands at. Throws on an error event and on what it cannot read. */
function takeEvent(line: string, known: Known): string | undefined {
  const { type, object } = parseJson(line) as WatchEvent
  if (object === undefined) throw new Error('an event of a watch has no object')
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      known.tell(object)
      break
    case 'DELETED':
      known.gone(object)
      break
    case 'BOOKMARK':
      break
    case 'ERROR': {
      const code = object.code ?? 500
      throw readApiError({ method: 'GET', code, contentType: '', retryAfter: undefined, body: JSON.stringify(object) })
    }
    default:
      throw new Error(`a watch sent an event of type ${JSON.stringify(type)}`)
  }
  return object.metadata.resourceVersion
}

async function backOff(failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(backoffMsMax, 250 * 2 ** Math.min(failures, 10))
  const ms = longest / 2 + (Math.random() * longest) / 2
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
