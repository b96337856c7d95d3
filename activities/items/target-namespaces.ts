import { troubleOf } from '../../core/items/item-trouble.ts'
import { ApiError, ArchiveError, isAlreadyExists } from '../../core/port-errors.ts'
import { isOurs } from '../../core/items/field-owners.ts'
import { error } from '../../core/items/outcome.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { whyNamespaceStays } from '../../core/items/why-waiting.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { lookAgain, pauseAfter, waitSince } from '../frame/look.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { ItemTools } from './item-tools.ts'
import type { ItemTrouble } from './item-work.ts'

/** Whether items can be restored into a namespace now, or trouble that may pass. */
export type NamespaceStep = { done: Outcome } | { terminating: string } | { trouble: ItemTrouble }

/**
 * Makes sure that a target namespace exists: creates it with the backup's labels, annotations and spec, or finds it. A
 * terminating namespace is reported; the workflow waits for it, once. Velero labels no namespace, so a namespace that an
 * earlier attempt created is recognised by its field manager. Source: pkg/util/kube/utils.go EnsureNamespaceExistsAndIsReady.
 */
export async function ensureNamespace(item: PlannedItem, tools: ItemTools): Promise<NamespaceStep> {
  const name = item.target ?? item.name
  const key = plannedKey('namespaces', item)
  const ready = (created: boolean) => ({
    done: {
      key,
      messages: [],
      at: tools.now(),
      ...(created ? { action: 'created' as const, listed: { kind: 'v1/Namespace', name } } : {}),
    },
  })
  try {
    const standing = await tools.cluster.get({ group: '', version: 'v1', resource: 'namespaces', name })
    if (standing !== undefined) return stateOf(standing, tools, ready)
    const manifest = await namespaceManifest(item, name, tools)
    try {
      await tools.cluster.create({ group: '', version: 'v1', resource: 'namespaces' }, undefined, manifest, {
        fieldManager: fieldManagerOf(tools.mark.uid),
      })
      return ready(true)
    } catch (thrown) {
      if (!isAlreadyExists(thrown)) throw thrown
      const met = await tools.cluster.get({ group: '', version: 'v1', resource: 'namespaces', name })
      return met === undefined ? { terminating: name } : stateOf(met, tools, ready)
    }
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    const kind = troubleOf(thrown)
    if (kind === 'worker') throw thrown
    const messages = [error('velero', `error creating namespace ${name}: ${thrown.message}`)]
    const outcome: Outcome = { key, messages, at: tools.now() }
    if (kind === 'refused') return { done: outcome }
    return { trouble: { kind, outcome, thrown, retryAfterSeconds: thrown.retryAfterSeconds } }
  }
}

function stateOf(standing: Manifest, tools: ItemTools, ready: (created: boolean) => { done: Outcome }): NamespaceStep {
  const phase = (standing['status'] as { phase?: string } | undefined)?.phase
  if (standing.metadata.deletionTimestamp !== undefined || phase === 'Terminating')
    return { terminating: standing.metadata.name }
  const { labels: _labels, ...mark } = tools.mark
  return ready(isOurs(standing, mark, {}))
}

/** The namespace as it is in the backup, under its target name; without labels where the backup has none that can be read. */
async function namespaceManifest(item: PlannedItem, name: string, tools: ItemTools): Promise<Manifest> {
  const bare: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  const text = await tools.readItem('namespaces', { name: item.name }).catch((thrown: unknown) => {
    // The backup may lack it; a disk or a bucket that cannot be read is no reason to make it without its labels.
    if (thrown instanceof ArchiveError && thrown.kind === 'missing') return undefined
    throw thrown
  })
  if (text === undefined) return bare
  try {
    const { metadata, spec } = parseJson(text) as { metadata?: Manifest['metadata']; spec?: unknown }
    return {
      ...bare,
      metadata: {
        name,
        ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
        ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
      },
      ...(spec === undefined ? {} : { spec }),
    }
  } catch {
    return bare
  }
}

const lookSeconds = { first: 1, last: 15 } as const

/**
 * Looks whether a namespace that is being deleted is gone. It is waited for at most for the terminating timeout, from the
 * first look on; what stands in its way is told in the server's words.
 */
export function awaitNamespace({ ports, sessions, settings }: WorkerParts) {
  const { cluster, presence, clock } = ports
  return ({ ref, name, look }: AwaitNamespaceInput): Promise<{ gone: boolean } | Wait> =>
    runActivity(presence, { doing: `looking whether namespace ${name} is gone` }, async (attempt) => {
      const { journal } = await sessions.open(ref)
      const since = await waitSince(journal, `namespace/${name}`, clock.now())
      const namespace = await cluster.get({ group: '', version: 'v1', resource: 'namespaces', name })
      if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return { gone: true }
      const leftMs = since + settings.terminatingTimeoutSeconds * 1000 - clock.now().getTime()
      if (leftMs <= 0) return { gone: false }
      const waitingFor = `namespace ${name} to go away, for another ${Math.ceil(leftMs / 1000)} s${whyNamespaceStays(namespace)}`
      const afterSeconds = Math.min(pauseAfter(attempt.number, lookSeconds), leftMs / 1000)
      return lookAgain(attempt, look, { waitingFor, afterSeconds })
    })
}

/** Which namespace is waited for. */
export interface AwaitNamespaceInput {
  ref: AdmittedRef
  name: string
  look?: Look
}
