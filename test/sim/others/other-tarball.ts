import { createHash } from 'node:crypto'
import type { Manifest } from '../../../velero/manifest.ts'
import { items } from '../../activities/crash/backup.ts'
import { archiveBody } from '../../ports/archives.ts'
import type { ArchivedItem } from '../../ports/archives.ts'
import type { World } from '../../ports/world.ts'

const [first, second] = ['1', '2'] as const

/** The items of another tarball of the same backup: its ConfigMaps tell it from the first one. */
const itemsOfOther: readonly ArchivedItem[] = items.map(({ manifest, ...place }) => {
  const { kind, data } = manifest as Manifest
  return {
    ...place,
    manifest: kind === 'ConfigMap' && data !== undefined ? { ...manifest, data: { a: second } } : manifest,
  }
})

/** What stands in the bucket in place of the other tarball, and its ETag there. */
export const otherTarball = archiveBody(itemsOfOther)
const otherEtag = `"${createHash('md5').update(otherTarball).digest('hex')}"`

/** Which tarball has this ETag. */
export function tarballWith(etag: string): string {
  return etag === otherEtag ? second : first
}

/** Which tarballs the objects are of that a restore has made. */
export function tarballsOf({ cluster }: World): string[] {
  const values = cluster.objects().flatMap((one) => {
    if (one.kind !== 'ConfigMap' || one.metadata.labels?.['velero.io/restore-name'] === undefined) return []
    return [(one['data'] as { a?: string } | undefined)?.a ?? '']
  })
  return [...new Set(values)].toSorted()
}

/** Objects of the other tarball as if they were of the first. */
export function asOfFirst(objects: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(objects).map(([place, object]) => {
      const { kind, data } = object as { kind?: string; data?: { a?: string } }
      const isOfOther = kind === 'ConfigMap' && data?.a === second
      return [place, isOfOther ? { ...(object as object), data: { a: first } } : object]
    }),
  )
}
