import { planPlugin, pluginRule } from '../../core/actions/run-plugins.ts'
import type { PluginRule } from '../../core/actions/run-plugins.ts'
import { deletingContent, snapshotContents } from '../../core/deletion/snapshot-contents.ts'
import type { ResolveResource } from '../../core/filter/includes-excludes.ts'
import { resolveResource } from '../../core/filter/resolve-resource.ts'
import { isSecret } from '../../core/items/outcome.ts'
import { ArchiveError, PluginError, isAlreadyExists, isOfCopy } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { backupNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { backupContentsKey } from '../../velero/object-keys.ts'
import { itemPath } from '../../velero/resource.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Archive } from '../archive-port.ts'
import type { DeleteActions, Ports } from '../ports.ts'
import type { Backup } from '../../velero/backup.ts'
import { frameOf, openDeleted } from './deleted-backup.ts'
import type { DeletedBackup, StepReport } from './deleted-backup.ts'
import { deletionFieldManager, refusalIn, removeExactly } from './deletion-request.ts'
import { undefinedIfMissing } from './look-inside.ts'
import { readItem } from './read-files.ts'

/** What the DeleteItemActions have come to. */
export interface ItemsReport extends StepReport {
  /** The number of the item to go on with; absent where all are done. */
  next?: number
  /** Why the deletion ends here, as in Velero. */
  stop?: string
}

/** Where a backup's items are gone through. */
export interface ItemsInput extends DeletedBackup {
  /** The number of the first item; 0 at first. */
  from: number
}

type ItemPorts = Pick<Ports, 'cluster' | 'stores' | 'archives' | 'presence' | 'clock' | 'log' | 'deleteActions'>

/** Calls to actions in one attempt: so many are made again where it is lost. */
const callsMax = 200

/** An attempt begins no further item after so long: slow calls to plugins must not use up its time (`workflows/deletion`). */
const pageMs = 5 * 60_000

/** Between the creation and the deletion of a VolumeSnapshotContent, so that the CSI driver sees it. As in Velero. */
const contentGapMs = 2000

/**
 * Gives each item of a backup to the DeleteItemActions that apply to it, first the plugins', then Velero's own for CSI snapshots. An
 * action that fails is logged, and the deletion goes on, as in Velero. Safe to run twice as far as the plugin's `Execute` is.
 * Source: internal/delete/delete_item_action_handler.go.
 */
export function runDeleteActions(ports: ItemPorts) {
  return (input: ItemsInput): Promise<ItemsReport> =>
    runActivity(ports.presence, frameOf(input.ref, 'the item actions'), async (attempt) => {
      const { backup } = input
      attempt.waitingFor(`location "${backup.location}"`)
      const rules = await rulesOf(ports, attempt.signal)
      if ('stop' in rules) return { errors: [], stop: rules.stop }
      const { store, live } = await openDeleted(ports, input)
      try {
        const archive = await ports.archives
          .open(store, backupContentsKey(backup.name), { signal: attempt.signal })
          .catch(undefinedIfMissing)
        attempt.waitingFor(undefined)
        if (archive === undefined) return await deleteLiveSnapshots(ports, backup.name)
        try {
          return await goThrough(archive, { ports, rules, attempt, input, live })
        } finally {
          await archive.close()
        }
      } catch (thrown) {
        if (!(thrown instanceof ArchiveError) || isOfCopy(thrown)) throw thrown
        const text = `error downloading backup tarball, CSI snapshot cleanup was skipped: ${thrown.message}`
        return { errors: [text] }
      }
    })
}

async function rulesOf(
  { cluster, deleteActions }: ItemPorts,
  signal: AbortSignal,
): Promise<readonly PluginRule[] | { stop: string }> {
  let names: readonly string[]
  try {
    names = (await deleteActions?.names(signal)) ?? []
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return { stop: `error getting delete item actions: ${thrown.message}` }
  }
  if (deleteActions === undefined || names.length === 0) return []
  const served = await cluster.discover()
  const rules: PluginRule[] = []
  for (const name of names) {
    const resolve = (word: string) => resolveResource(word, served)
    const planned = await selectorOf(name, { actions: deleteActions, resolve, signal })
    if ('error' in planned) return { stop: `error invoking delete item actions: plugin ${name}: ${planned.error}` }
    rules.push(pluginRule(planned))
  }
  return rules
}

async function selectorOf(
  name: string,
  { actions, resolve, signal }: { actions: DeleteActions; resolve: ResolveResource; signal: AbortSignal },
) {
  try {
    return planPlugin({ name, version: 1 }, await actions.appliesTo(name, signal), resolve)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return { error: thrown.message }
  }
}

/** A way through the items of a backup. */
interface Way {
  ports: ItemPorts
  rules: readonly PluginRule[]
  attempt: Attempt
  input: ItemsInput
  /** The Backup as the actions get it. */
  live: Backup
}

async function goThrough(archive: Archive, way: Way): Promise<ItemsReport> {
  const { ports, rules, attempt, live } = way
  const { backup, from } = way.input
  const contents: Manifest[] = []
  let [calls, index] = [0, from]
  const until = ports.clock.now().getTime() + pageMs
  for (; index < archive.entries.length && calls < callsMax && ports.clock.now().getTime() < until; index++) {
    const entry = archive.entries.at(index)
    if (entry === undefined || entry.version !== undefined) continue
    const wanted = rules.filter((rule) => rule.appliesTo(entry.groupResource, entry.namespace))
    if (wanted.length === 0 && entry.groupResource !== snapshotContents) continue
    attempt.throwIfStopped()
    attempt.done(index)
    const path = itemPath(entry.groupResource, entry)
    const item = readItem(await archive.read(entry))
    if (item === undefined) return { errors: [], stop: `error invoking delete item actions: ${path} is no JSON object` }
    for (const rule of wanted.filter(({ matches }) => matches(item.metadata?.labels))) {
      calls++
      await execute(rule.name, { item, path, secret: isSecret(entry.groupResource), backup: live }, way)
    }
    const content = entry.groupResource === snapshotContents ? deletingContent(item, backup.name) : undefined
    if (content === undefined) continue
    contents.push(content)
    calls++
  }
  await deleteContents(ports, contents)
  return { errors: [], ...(index < archive.entries.length ? { next: index } : {}) }
}

/** The item that an action is given. Of a Secret nothing that the plugin says is logged (rule 14). */
interface Given {
  item: Manifest
  path: string
  secret: boolean
  backup: object
}

async function execute(action: string, { item, path, secret, backup }: Given, way: Way): Promise<void> {
  try {
    await way.ports.deleteActions?.execute(action, { item, backup }, way.attempt.signal)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    const fields = { action, item: path, backup: way.input.backup.name }
    way.ports.log.error('plugin error', secret ? fields : { ...fields, error: thrown.message })
  }
}

async function deleteContents({ cluster, clock, log }: ItemPorts, contents: readonly Manifest[]): Promise<void> {
  if (contents.length === 0) return
  const resource = { group: 'snapshot.storage.k8s.io', version: 'v1', resource: 'volumesnapshotcontents' }
  const options = { fieldManager: deletionFieldManager }
  const created: Manifest[] = []
  for (const content of contents) {
    const refusal = await refusalIn(() =>
      cluster.create(resource, undefined, content, options).catch((thrown: unknown) => {
        if (!isAlreadyExists(thrown)) throw thrown
      }),
    )
    if (refusal === undefined) created.push(content)
    else log.error('a CSI snapshot of a backup cannot be deleted', { content: content.metadata.name, error: refusal })
  }
  await clock.sleep(contentGapMs)
  for (const { metadata } of created) await removeExactly(cluster, { ...resource, name: metadata.name }, undefined)
}

/**
 * Deletes the VolumeSnapshots of a backup that are in the cluster, with what they stand for: of a backup without a tarball nobody
 * knows more. Source: pkg/controller/backup_deletion_controller.go deleteCSIVolumeSnapshotsIfAny, pkg/util/csi CleanupVolumeSnapshot.
 */
async function deleteLiveSnapshots({ cluster, log }: ItemPorts, backup: string): Promise<ItemsReport> {
  const group = { group: 'snapshot.storage.k8s.io', version: 'v1' }
  const snapshots = { ...group, resource: 'volumesnapshots' }
  const labelSelector = `${backupNameLabel}=${validLabelValue(backup)}`
  for (const { metadata, status } of await listIfServed(cluster, snapshots, { labelSelector })) {
    const { namespace = '', name, uid } = metadata
    const content = (status as { boundVolumeSnapshotContentName?: string } | undefined)?.boundVolumeSnapshotContentName
    const refusal = await refusalIn(async () => {
      if (content !== undefined)
        await cluster.patch(
          { ...group, resource: 'volumesnapshotcontents', name: content },
          { spec: { deletionPolicy: 'Delete' } },
          { fieldManager: deletionFieldManager },
        )
      await removeExactly(cluster, { ...snapshots, namespace, name }, uid)
    })
    if (refusal !== undefined) log.error('a VolumeSnapshot cannot be deleted', { name, namespace, error: refusal })
  }
  return { errors: [] }
}
