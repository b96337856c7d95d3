import { changedFields } from '../../core/preview/changed-fields.ts'
import type { Finding } from '../../core/items/outcome.ts'
import { whyUnasked } from '../../core/preview/why-unasked.ts'
import type { WouldMake } from '../../core/preview/why-unasked.ts'
import { ApiError, isAlreadyExists } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ObjectRef, ResourceRef } from '../../velero/resource.ts'
import type { Cluster, RemoveOptions } from '../ports.ts'

/** The uid of an object that a dry run has made: it stands nowhere. */
const noUid = 'dry-run'

/**
 * The cluster as the preview of one item has it: each write is a dry run, and what such a write makes stands for this item
 * alone. What is removed is away for this item alone. What the server says that the real write would not meet counts as
 * made. `finding` is filled on the way. As whom it writes is decided before: these are the writes of that user.
 */
export function dryRunCluster(cluster: Cluster, made: WouldMake, finding: Finding): Cluster {
  const standing = new Map<string, Manifest>()
  const asked = new Set<string>()
  const seen = new Map<string, Manifest>()
  const removed = new Set<string>()
  const stand = (ref: ObjectRef, manifest: Manifest) => {
    standing.set(keyOf(ref), manifest)
    return manifest
  }
  const unasked = (thrown: unknown, resource: ResourceRef) => {
    const why = thrown instanceof ApiError ? whyUnasked(thrown, resource, made) : undefined
    Object.assign(finding, why)
    return why === undefined || why.kindMissing === true ? undefined : why
  }
  const dryRun: Cluster = {
    ...cluster,
    as: () => dryRun,
    async get(ref) {
      const own = standing.get(keyOf(ref))
      if (own !== undefined || removed.has(keyOf(ref))) return own
      const live = await cluster.get(ref)
      if (live === undefined) return undefined
      seen.set(keyOf(ref), live)
      if (asked.has(keyOf(ref))) finding.stands = true
      return live
    },
    async create(resource, namespace, manifest, options) {
      const posted = manifest as Manifest
      const refOf = (name: string): ObjectRef => ({ ...resource, ...(namespace && { namespace }), name })
      const key = keyOf(refOf(posted.metadata.name))
      asked.add(key)
      try {
        const { name } = (await cluster.create(resource, namespace, manifest, { ...options, dryRun: true })).metadata
        return stand(refOf(name), echoOf(posted, name, namespace))
      } catch (thrown) {
        if (!(removed.has(key) && isAlreadyExists(thrown)) && unasked(thrown, resource) === undefined) throw thrown
        return stand(refOf(posted.metadata.name), echoOf(posted, posted.metadata.name, namespace))
      }
    },
    async patch(ref, patch, options) {
      const own = standing.get(keyOf(ref))
      if (own !== undefined) return own
      finding.fields ??= changedFields(patch)
      try {
        return await cluster.patch(ref, patch, { ...options, dryRun: true })
      } catch (thrown) {
        const live = seen.get(keyOf(ref))
        if (live !== undefined && unasked(thrown, ref) !== undefined) return live
        if (!isAnotherTry(thrown)) finding.refused = true
        throw thrown
      }
    },
    async replaceStatus(ref, manifest, options) {
      return standing.get(keyOf(ref)) ?? cluster.replaceStatus(ref, manifest, { ...options, dryRun: true })
    },
    remove: (ref, options) =>
      askToRemove(cluster, { ref, options }, { finding, unasked }).then(() => void removed.add(keyOf(ref))),
  }
  return dryRun
}

/** The server is asked about an object that is deleted for good; a claim that makes way comes back. */
async function askToRemove(
  cluster: Cluster,
  { ref, options = {} }: { ref: ObjectRef; options: RemoveOptions | undefined },
  { finding, unasked }: { finding: Finding; unasked: (thrown: unknown, resource: ResourceRef) => object | undefined },
): Promise<void> {
  if (options.propagation === undefined) return
  try {
    await cluster.remove(ref, { ...options, dryRun: true })
  } catch (thrown) {
    if (unasked(thrown, ref) === undefined) throw thrown
  }
  finding.recreates = true
}

/** A conflict with another writer: it is decided anew. */
function isAnotherTry(thrown: unknown): boolean {
  return !(thrown instanceof ApiError) || thrown.code === 409
}

function keyOf({ group, resource, namespace = '', name }: ObjectRef): string {
  return `${resource}.${group}|${namespace}|${name}`
}

/** The object as if it stood there, and a definition as if it were served. */
function echoOf(posted: Manifest, name: string, namespace: string | undefined): Manifest {
  const metadata = { ...posted.metadata, name, uid: noUid, ...(namespace && { namespace }) }
  if (posted.kind !== 'CustomResourceDefinition') return { ...posted, metadata }
  const conditions = ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True' }))
  return { ...posted, metadata, status: { conditions } }
}
