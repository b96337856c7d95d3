import { createReadStream } from 'node:fs'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { orderResources } from '../../core/plan/order-resources.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import { highPriorities, lowPriorities } from '../../velero/defaults.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { BackedUp } from '../backups/backup-folder.ts'

/** The objects of a backup, in the order in which they are restored. Those in folders of versions are left out: they are there twice. */
export async function readTarball(path: string): Promise<BackedUp[]> {
  const tar = createReadStream(path).pipe(createGunzip()).pipe(extract())
  const found: BackedUp[] = []
  for await (const entry of tar) {
    const resource = /^resources\/([^/]+)\/(?:cluster|namespaces\/[^/]+)\/[^/]+\.json$/.exec(entry.header.name)?.[1]
    if (resource === undefined) entry.resume()
    else found.push([resource, parseJson(await text(entry)) as Manifest])
  }
  const byResource = Map.groupBy(found, ([resource]) => resource)
  const priorities = { high: highPriorities, low: lowPriorities }
  const order = orderResources({ inArchive: byResource.keys(), priorities, resolve: (name) => name })
  return order.flatMap((resource) => byResource.get(resource) ?? [])
}
