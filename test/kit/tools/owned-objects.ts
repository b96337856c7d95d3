import { gunzipSync } from 'node:zlib'
import { backupNameLabel, restoreNameLabel } from '../../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../../velero/manifest.ts'
import type { KubeClient } from '../../../devstack/cluster/kube-client.ts'
import type { BackedUpItem } from '../backups/put-backup.ts'
import { withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'
import { appResources } from './small-app.ts'

/** The objects of apps, and of releases of their names, by `<group-resource>/<name>`, as they stand. */
export async function objectsOf(
  cluster: TestCluster,
  namespace: string,
  apps: readonly string[],
): Promise<Record<string, Manifest>> {
  const all = await withAdmin(cluster, (admin) => itemsIn(admin, namespace))
  const isWanted = ({ metadata: { name, labels } }: Manifest) =>
    apps.includes(labels?.['owner'] === 'helm' ? (labels['name'] ?? '') : name)
  const wanted = all.filter(([, item]) => isWanted(item))
  return Object.fromEntries(wanted.map(([groupResource, item]) => [`${groupResource}/${item.metadata.name}`, item]))
}

/** All Deployments, Services, ConfigMaps and Secrets of a namespace. */
export async function itemsIn(admin: KubeClient, namespace: string): Promise<BackedUpItem[]> {
  const lists = appResources.map(async ([groupResource, api, resource]) => {
    const { body } = await admin.must('GET', `${api}/namespaces/${namespace}/${resource}`)
    const { items, apiVersion, kind } = body as { items: Manifest[]; apiVersion: string; kind: string }
    return items.map((item) => [groupResource, { ...item, apiVersion, kind: kind.replace(/List$/, '') }] as const)
  })
  return (await Promise.all(lists)).flat()
}

/** An object without what differs in any two clusters: identity, times, addresses, and the times inside of Helm's release. */
export function alikeInAll(object: Manifest): Manifest {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = object.metadata
  const copy: Manifest = { ...structuredClone(object), metadata: structuredClone(metadata) as Manifest['metadata'] }
  const entries = copy.metadata.managedFields ?? []
  copy.metadata.managedFields = entries.map(({ time: _set, ...entry }) => entry).toSorted(byText)
  const spec = copy['spec'] as { clusterIP?: string; clusterIPs?: string[] } | undefined
  if (copy.kind === 'Service' && spec !== undefined) copy['spec'] = { ...spec, clusterIP: '<ip>', clusterIPs: ['<ip>'] }
  if (copy['type'] === 'helm.sh/release.v1') hideTimesOfRelease(copy)
  return copy
}

const byText = (a: ManagedFieldsEntry, b: ManagedFieldsEntry): number =>
  JSON.stringify([a.manager, a.operation, a.subresource]) < JSON.stringify([b.manager, b.operation, b.subresource])
    ? -1
    : 1

function hideTimesOfRelease(secret: Manifest): void {
  const { release = '' } = secret['data'] as { release?: string }
  const zipped = Buffer.from(Buffer.from(release, 'base64').toString(), 'base64')
  const times = new Set(['first_deployed', 'last_deployed', 'started_at', 'completed_at', 'modtime'])
  const content = JSON.parse(gunzipSync(zipped).toString(), (key, value: unknown) =>
    times.has(key) ? '<time>' : value,
  ) as unknown
  secret['data'] = { release: content }
  for (const label of ['createdAt', 'modifiedAt'])
    if (secret.metadata.labels?.[label] !== undefined) secret.metadata.labels[label] = '<time>'
}

/** The two labels of a restore. */
export const restoreLabelNames = [backupNameLabel, restoreNameLabel] as const

/** Whether the updated entry of a manager owns labels. */
export function ownsLabels(object: Manifest, manager: string): boolean {
  return labelsIn(entryOf(object, manager)?.fieldsV1) !== undefined
}

/** The updated entry of a manager about the object itself. */
function entryOf({ metadata }: Manifest, manager: string): ManagedFieldsEntry | undefined {
  return metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Update' && (entry.subresource ?? '') === '',
  )
}

/** The managers that own a label, each as `<manager> <operation>`. */
export function ownersOfLabel({ metadata }: Manifest, label: string): string[] {
  return (metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => labelsIn(fieldsV1)?.[`f:${label}`] !== undefined)
    .map(({ manager, operation }) => `${manager} ${operation}`)
}

function labelsIn(fieldsV1: unknown): Record<string, unknown> | undefined {
  return (fieldsV1 as Fields | undefined)?.['f:metadata']?.['f:labels']
}

interface Fields {
  'f:metadata'?: { 'f:labels'?: Record<string, unknown> }
}

/** The one manager that owned an object in the backup, and whether its entry owned labels. */
export interface OnlyManager {
  name: string
  ownsLabels: boolean
}

/**
 * The object as if the manager's updated entry did not own the two labels of a restore: what one write adds to it. Where the entry owned
 * no label in the backup, the write adds the map of labels too.
 */
export function withoutRestoreLabelsOf(object: Manifest, { name, ownsLabels }: OnlyManager): Manifest {
  const copy = structuredClone(object)
  const metadata = (entryOf(copy, name)?.fieldsV1 as Fields | undefined)?.['f:metadata']
  const labels = metadata?.['f:labels']
  if (metadata === undefined || labels === undefined) return copy
  for (const label of restoreLabelNames) delete labels[`f:${label}`]
  // A map that is owned without anything in it is written without the dot.
  if (!ownsLabels || Object.keys(labels).length === 1) delete labels['.']
  if (!ownsLabels && Object.keys(labels).length === 0) delete metadata['f:labels']
  return copy
}

/** The object as if nobody had given it the two labels of a restore. */
export function withoutRestoreLabels(object: Manifest): Manifest {
  const { labels, ...metadata } = object.metadata
  const rest = Object.entries(labels ?? {}).filter(([name]) => !restoreLabelNames.some((label) => label === name))
  return { ...object, metadata: rest.length === 0 ? metadata : { ...metadata, labels: Object.fromEntries(rest) } }
}
