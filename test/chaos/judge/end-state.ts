import { restoreResultsKey } from '../../../velero/object-keys.ts'
import type { Restore } from '../../../velero/restore.ts'
import type { SentCommand } from '../../kit/exec-front.ts'
import type { ResultFiles } from '../../kit/restores.ts'
import type { ClusterDump, DumpedObject } from '../../parity/dump-cluster.ts'
import { purposeOf } from '../../parity/known-names.ts'

/** What a restore has left, without what is another in each restore: two restores with the same end are equal. */
export interface ChaosEnd {
  /** By resource, namespace and name; the status of the Restore is at `Restore `. */
  objects: Record<string, unknown>
  files: Record<string, unknown>
  /** How often each command was sent to each container. */
  ran: Record<string, number>
}

/** What was read after a restore. */
export interface Left {
  restore: Restore
  /** All objects of the cluster. */
  dump: ClusterDump
  files: ResultFiles
  sent: readonly SentCommand[]
}

/** Describes it. Names and uids of the restore, and what is made of them, become words; lists that come in any order are sorted. */
export function describeEnd({ restore, dump, files, sent }: Left): ChaosEnd {
  const { name, uid = '' } = restore.metadata
  const own = Object.entries(dump).filter(([key, object]) => isOf(name, key, object))
  const { startTimestamp: _start, completionTimestamp: _end, ...status } = restore.status ?? {}
  const ran: Record<string, number> = {}
  for (const { namespace, pod, container, command } of sent) {
    const what = `${namespace}/${pod} ${container}: ${command.join(' ')}`
    ran[what] = (ran[what] ?? 0) + 1
  }
  const { log: _log, results, volumeInfo, itemOperations, ...others } = files
  const end = plain(
    {
      objects: {
        ...numbered(own.map(([key, object]) => [wellKnown(key, object), object] as const)),
        [`Restore ${name}`]: { ...status, warnings: status.warnings ?? 0, errors: status.errors ?? 0 },
      },
      files: { [restoreResultsKey(name)]: results, ...others },
      ran,
    },
    { name, uid },
  )
  const lists = Object.entries(plain({ volumeInfo, itemOperations }, { name, uid }))
  Object.assign(end.files, Object.fromEntries(lists.map(([file, list]) => [file, inOneOrder(list)])))
  return end
}

const inOneOrder = (list: readonly unknown[] | undefined) => list?.map((one) => JSON.stringify(one)).toSorted()

function isOf(name: string, key: string, object: DumpedObject): boolean {
  const [resource, namespace = '', objectName = ''] = key.split('|')
  const labels = object.metadata['labels'] as Record<string, string> | undefined
  if (resource === 'namespaces') return objectName.startsWith(`${name}-`)
  if (resource === 'persistentvolumes') return claimOf(object)?.namespace.startsWith(`${name}-`) === true
  return namespace.startsWith(`${name}-`) || labels?.['velero.io/restore-name'] === name
}

const claimOf = (volume: DumpedObject) =>
  (volume['spec'] as { claimRef?: { namespace: string; name: string } }).claimRef

/** Under a name that is the same in each restore. */
function wellKnown(key: string, object: DumpedObject): string {
  const claim = key.startsWith('persistentvolumes|') ? claimOf(object) : undefined
  if (claim !== undefined) return `volume of ${claim.namespace}/${claim.name}`
  return purposeOf(key, object) ?? key
}

/** Two orders for one purpose are two. */
function numbered<T>(objects: readonly (readonly [string, T])[]): Record<string, T> {
  const named: Record<string, T> = {}
  for (const [key, object] of objects) {
    let name = key
    for (let number = 2; name in named; number++) name = `${key}, number ${number}`
    named[name] = object
  }
  return named
}

/** Takes out the restore's name and uid, times, uids, and names that are made of them. */
function plain<T>(value: T, { name, uid }: { name: string; uid: string }): T {
  const text = JSON.stringify(value)
    .replaceAll(uid, '<restore uid>')
    .replaceAll(/dd-<restore uid>[.0-9a-z-]*/g, '<operation>')
    .replaceAll(name, '<restore>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/(<restore>-[0-9a-z.-]*\b)[0-9a-f]{8,}"/g, '$1<hash>"')
  return JSON.parse(text) as T
}

/**
 * Without what a retry brings with it: its orders have names of its own, and those that the run before has called off stay called
 * off.
 */
export function ofAnyRun({ objects, files, ran }: ChaosEnd): ChaosEnd {
  const described = Object.entries(objects).flatMap(([place, object]): [string, unknown][] => {
    if (!isOrder(place)) return [[place, object]]
    const { status } = object as { status?: { phase?: string } }
    return status?.phase === 'Canceled' ? [] : [[place.replace(/, number \d+$/, ''), status]]
  })
  return { objects: numbered(described), files: structuredClone(files), ran }
}

const isOrder = (place: string) => /^(datadownloads|podvolumerestores)\.velero\.io\|/.test(place)
