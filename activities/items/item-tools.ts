import { activeActions } from '../../core/actions/built-in.ts'
import { ArchiveError, ApiError, isTransient } from '../../core/port-errors.ts'
import { restoreLabels, restoresStatus } from '../../core/items/item-metadata.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { managedFieldsAnnotation } from '../../velero/labels.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Archive, ArchiveEntry, Ports } from '../ports.ts'
import type { PlannedSession } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import { rfc3339 } from '../conclude/restore-status.ts'
import { beginPodVolumes } from '../volumes/begin-pod-volumes.ts'
import type { ItemTools } from './write-item.ts'

/** Everything the items of one chunk share, put together once per chunk. */
export function makeItemTools(session: PlannedSession, attempt: Attempt, ports: Ports, settings: Settings): ItemTools {
  const { admission, facts, plan, rules } = session
  const { restore, spec } = admission
  const labels = restoreLabels({ name: restore.name, backupName: spec.backupName ?? '' })
  const wanted = restore.annotations?.[managedFieldsAnnotation]
  const actions = activeActions(settings.features)
  return {
    cluster: ports.cluster,
    log: ports.log,
    rules: {
      restore: { ...restore, spec },
      labels,
      actions,
      facts: facts.actions,
      volumes: facts.volumes,
      provisioned: new Set(plan.provisioned),
      modify: rules.modify,
      pluralOf: rules.pluralOf,
    },
    mark: { uid: restore.uid, creationTimestamp: restore.creationTimestamp, labels },
    managedFields: wanted === 'owners' || wanted === 'exact' ? wanted : settings.managedFields,
    policy: spec.existingResourcePolicy,
    restoresStatus: (groupResource, object) => restoresStatus(object, groupResource, rules.statusFilter),
    readItem: (groupResource, item) => readItem(session.archive, session.index, groupResource, item),
    beginPodVolumes: beginPodVolumes(
      ports.cluster,
      { ...restore, spec },
      admission.backup.spec.storageLocation ?? admission.location,
    ),
    resourceTimeoutSeconds: settings.resourceTimeoutSeconds,
    throwIfStopped: attempt.throwIfStopped,
    sleep: (ms) => ports.clock.sleep(ms, attempt.signal),
    isTransient: (thrown) => thrown instanceof ApiError && (isTransient(thrown) || thrown.reason === 'NoLease'),
    now: () => rfc3339(ports.clock.now()),
  }
}

/** Entries of an archive by resource, version, namespace and name. */
export type ArchiveIndex = ReadonlyMap<string, ArchiveEntry>

/** Indexes the entries of an archive by the place that a planned item names. */
export function indexEntries(archive: Archive): ArchiveIndex {
  return new Map(archive.entries.map((entry) => [placeOf(entry.groupResource, entry), entry]))
}

/** The key of an entry in an {@link ArchiveIndex}. */
export function placeOf(
  groupResource: GroupResource,
  item: Pick<PlannedItem, 'namespace' | 'name' | 'version'>,
): string {
  return `${groupResource}|${item.version ?? ''}|${item.namespace ?? ''}|${item.name}`
}

async function readItem(
  archive: Archive,
  index: ArchiveIndex,
  groupResource: GroupResource,
  item: PlannedItem,
): Promise<string> {
  const entry = index.get(placeOf(groupResource, item))
  if (entry === undefined) throw new ArchiveError('missing', `the archive has no ${placeOf(groupResource, item)}`)
  return archive.read(entry)
}
