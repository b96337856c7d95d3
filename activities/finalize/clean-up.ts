import { isWait } from '../../contract/look.ts'
import type { Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { isInPlace } from '../../core/actions/data-mover.ts'
import { hasItem } from '../../core/finalize/work-left.ts'
import { listAt, textAt, valueAt } from '../../core/values/fields.ts'
import { isNotFound, refusalOf } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import {
  existingAnnotation,
  replicasAnnotation,
  resourceUsageLabel,
  restoreNameLabel,
  restoreUidLabel,
} from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { finishRecreated } from '../existing/finish-recreated.ts'
import type { Finishing } from '../existing/finish-recreated.ts'
import { readIfUnderway, runActivity } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'
import type { WorkerParts } from '../frame/session.ts'
import { putBackAtOnce } from './put-back-volumes.ts'
import { tellAtZero } from './scale-workloads.ts'
import { resourceTimeout } from './task.ts'
import type { FinalizeContext, FinalizeTask } from './task.ts'

const groupContents = {
  group: 'groupsnapshot.storage.k8s.io',
  version: 'v1beta2',
  resource: 'volumegroupsnapshotcontents',
}
const contents = { group: 'snapshot.storage.k8s.io', version: 'v1', resource: 'volumesnapshotcontents' }
const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
/** Seconds between two looks at them. */
const lookSeconds = 2

/**
 * Removes objects that were made for the restore alone: ConfigMaps that told where a data mover had put its data, and
 * stubs of group snapshots, which their snapshots need only until they are ready. All are found by the uid of the Restore
 * in their labels, so that no object of another restore is removed.
 */
export const cleanUp: FinalizeTask = {
  name: 'clean-up',
  title: 'remove what was made for the restore alone',
  work: 'leftovers',
  deadlineSeconds: resourceTimeout,
  async run(context) {
    await removeUploadResults(context)
    const messages = await removeGroupStubs(context)
    return isWait(messages) ? messages : { messages }
  },
}

/**
 * Removes the same of a restore that was cancelled or has failed, where no finalization runs, and puts claims back that made
 * way for their data. Items are created whose objects were deleted for them; `left` says that some objects are still on their
 * way out. For the rest it asks the cluster alone, since the bucket may be the reason of the end, and waits for nothing: what is
 * still there is told in the log. A second try, after the end, is about these claims and items alone.
 */
export function removeLeftovers(parts: WorkerParts) {
  const { ports, sessions } = parts
  return ({ ref, only }: { ref: AdmittedRef; only?: 'claims' }): Promise<{ left: true } | undefined> =>
    runActivity(ports.presence, frameOf(ref), async (attempt) => {
      const restore = await readIfUnderway(ports.cluster, ref, { after: 'end' })
      if (only !== 'claims') {
        await removeResultsOfUploads(ref, ports)
        await removeStubs(ref, ports)
      }
      if (restore === undefined || isInPlace(restore.spec)) await putBackAtOnce({ ...parts, ref, attempt })
      const isAsked = restore === undefined || restore.metadata.annotations?.[existingAnnotation] !== undefined
      const isLeft = await createAgain({ ...parts, ref, attempt, isLate: only === 'claims' }, isAsked)
      if (restore?.metadata.annotations?.[replicasAnnotation] !== undefined)
        await tellAtZero({ ref, ports, sessions, attempt })
      return isLeft ? { left: true as const } : undefined
    })
}

/** It creates items, so the next run of the restore waits for it. */
function frameOf({ name, uid }: AdmittedRef): { doing: string; scope: string } {
  return { doing: `removing what was made for restore ${name} alone`, scope: `${uid}/leftovers` }
}

/**
 * The notes in the journal say what was deleted: somebody may have taken the annotation away since. Where it is not there, trouble
 * with the bucket does not hold up the end: the notes are looked for after it.
 */
async function createAgain(given: Finishing, isAsked: boolean): Promise<boolean> {
  try {
    return await finishRecreated(given)
  } catch (thrown) {
    if (isAsked || given.isLate || given.attempt.signal.aborted) throw thrown
    given.ports.log.warn(`objects that were to be created anew are looked for later: ${refusalOf(thrown).message}`)
    return true
  }
}

async function removeStubs(ref: Ref, ports: Pick<Ports, 'cluster' | 'log'>): Promise<void> {
  let stubs: Manifest[]
  try {
    stubs = await listStubs(ref, ports)
  } catch (thrown) {
    const refusal = refusalOf(thrown)
    if (!isNotFound(refusal)) ports.log.warn(`stubs of group snapshots are left: ${refusal.message}`)
    return
  }
  for (const stub of stubs) {
    const problem = await removeStub(stub, ports)
    if (problem !== undefined) ports.log.warn(problem)
  }
}

/** The restore whose objects are removed. */
export interface Ref {
  namespace: string
  name: string
  uid: string
}

async function removeUploadResults({ session, facts, ports }: FinalizeContext): Promise<void> {
  if (!hasItem(facts.tally, 'datauploads.velero.io|')) return
  await removeResultsOfUploads(session.ref, ports)
}

/** As in Velero, a refusal is only logged. */
async function removeResultsOfUploads({ uid, namespace }: Ref, ports: Pick<Ports, 'cluster' | 'log'>): Promise<void> {
  const labelSelector = `${restoreUidLabel}=${validLabelValue(uid)},${resourceUsageLabel}=DataUpload`
  for (const found of await ports.cluster.list(configMaps, { namespace, labelSelector, metadataOnly: true })) {
    try {
      const result = { ...configMaps, namespace, name: found.metadata.name }
      await ports.cluster.remove(result, { ...preconditionsOf(found), ofDrydock: true })
    } catch (thrown) {
      const refusal = refusalOf(thrown)
      ports.log.warn(`could not delete DataUploadResult ConfigMap ${found.metadata.name}: ${refusal.message}`)
    }
  }
}

/**
 * Removes the stubs once their snapshots are ready, or the deadline has passed. Only where the backup has a group snapshot:
 * most clusters do not serve the kind. Messages are in Velero's words and place.
 */
async function removeGroupStubs(context: FinalizeContext): Promise<Message[] | Wait> {
  if (!context.facts.volumes.some((info) => (info.csiSnapshotInfo?.volumeGroupSnapshotHandle ?? '') !== '')) return []
  const { ref } = context.session
  const messages: Message[] = []
  const warn = (text: string) => messages.push(warning('namespace:cluster', text))
  let stubs: Manifest[]
  try {
    stubs = await listStubs(ref, context.ports)
  } catch (thrown) {
    warn(`failed to list stub VolumeGroupSnapshotContents: ${refusalOf(thrown).message}`)
    return messages
  }
  const snapshots = stubs.length === 0 ? [] : await listContents(ofRestore(ref), context)
  const first = stubs.map((stub) => unreadyOf(stub, snapshots)).find((name) => name !== undefined)
  if (first !== undefined && !context.isOver())
    return { waitingFor: `VolumeSnapshotContent ${first} to be ready`, afterSeconds: lookSeconds }
  for (const stub of stubs) {
    if (unreadyOf(stub, snapshots) !== undefined)
      warn(`timed out waiting for VSCs related to VGSC ${stub.metadata.name}: context deadline exceeded`)
    const problem = await removeStub(stub, context.ports)
    if (problem !== undefined) warn(problem)
  }
  return messages
}

function ofRestore({ name }: Ref): string {
  return `${restoreNameLabel}=${validLabelValue(name)}`
}

async function listStubs(ref: Ref, { cluster }: Pick<Ports, 'cluster'>): Promise<Manifest[]> {
  const listed = await cluster.list(groupContents, { labelSelector: ofRestore(ref) })
  return listed.filter((stub) => stub.metadata.labels?.[restoreUidLabel] === validLabelValue(ref.uid))
}

/** Removes a stub; where it is refused, returns why, in Velero's words. */
async function removeStub(stub: Manifest, { cluster }: Pick<Ports, 'cluster'>): Promise<string | undefined> {
  try {
    await cluster.remove({ ...groupContents, name: stub.metadata.name }, preconditionsOf(stub))
    return undefined
  } catch (thrown) {
    return `failed to delete stub VolumeGroupSnapshotContent ${stub.metadata.name}: ${refusalOf(thrown).message}`
  }
}

/** The name of a snapshot of a group that is not ready; undefined where all are. */
function unreadyOf(stub: Manifest, snapshots: readonly Manifest[]): string | undefined {
  const handles = new Set(listAt(stub, 'spec', 'source', 'groupSnapshotHandles', 'volumeSnapshotHandles'))
  const unready = snapshots.find(
    (content) =>
      handles.has(textAt(content, 'spec', 'source', 'snapshotHandle')) &&
      valueAt(content, 'status', 'readyToUse') !== true,
  )
  return unready?.metadata.name
}

async function listContents(labelSelector: string, { ports }: FinalizeContext): Promise<Manifest[]> {
  try {
    return await ports.cluster.list(contents, { labelSelector })
  } catch (thrown) {
    if (isNotFound(thrown)) return []
    throw thrown
  }
}

function preconditionsOf({ metadata }: Manifest): { uid?: string } {
  return metadata.uid === undefined ? {} : { uid: metadata.uid }
}
