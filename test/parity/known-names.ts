import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { validLabelValue, sha256Hex } from '../../core/values/derived-names.ts'
import type { DumpedObject } from './dump-cluster.ts'
import type { Outcome } from './golden-case.ts'

/**
 * The same outcome with names that a restore derives from its own uid put in words: snapshots are called by a digest
 * of uid and name, operations by uid and the claim's uid. What is derived in another way stays as it is, and so is a difference.
 */
export function withKnownNames(outcome: Outcome, uid: string, backup: string): Outcome {
  let text = JSON.stringify({ ...outcome, cluster: renameWorkOrders(outcome.cluster) })
  const { names, uids } = namesIn(backup)
  for (const name of names) text = text.replaceAll(sha256Hex(`${uid}/${name}`), `<digest of restore uid and ${name}>`)
  for (const claim of uids)
    text = text.replaceAll(validLabelValue(`dd-${uid}.${claim}`), `<operation of claim ${claim}>`)
  // A PV beside one of its name has a random name in Velero.
  text = text.replaceAll(/velero-clone(?:-[0-9a-f]+){5}/g, 'velero-clone-<random>')
  return JSON.parse(text.replaceAll(uid, '<restore uid>')) as Outcome
}

/** Names and uids of everything in a backup; a text search over the whole archive is enough. */
function namesIn(backup: string): { names: Set<string>; uids: Set<string> } {
  const path = fileURLToPath(new URL(`../fixtures/backups/${backup}/${backup}.tar.gz`, import.meta.url))
  const archive = gunzipSync(readFileSync(path)).toString('utf8')
  const all = (key: string) =>
    new Set([...archive.matchAll(new RegExp(`"${key}":"([^"]+)"`, 'g'))].map((found) => found[1] ?? ''))
  return { names: all('name'), uids: all('uid') }
}

/** Work orders have random names; they are told apart by what they are for. */
function renameWorkOrders(cluster: Outcome['cluster']): Outcome['cluster'] {
  return Object.fromEntries(Object.entries(cluster).map(([key, object]) => [purposeOf(key, object) ?? key, object]))
}

interface WorkOrderSpec {
  targetVolume?: { namespace: string; pvc: string }
  pod?: { namespace: string; name: string }
  volume?: string
}

/** The key of a work order by what it is for; undefined for any other object. */
export function purposeOf(key: string, object: DumpedObject | null): string | undefined {
  const [resource, namespace] = key.split('|')
  const spec = object?.['spec'] as WorkOrderSpec | undefined
  switch (resource) {
    case 'datadownloads.velero.io':
      return `${resource}|${namespace}|for claim ${spec?.targetVolume?.namespace}.${spec?.targetVolume?.pvc}`
    case 'podvolumerestores.velero.io':
      return `${resource}|${namespace}|for volume ${spec?.volume} of pod ${spec?.pod?.namespace}.${spec?.pod?.name}`
    default:
      return undefined
  }
}
