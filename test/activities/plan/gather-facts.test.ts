import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gatherFacts } from '../../../activities/plan/gather-facts.ts'
import {
  backupCsiVolumeSnapshotsKey,
  backupVolumeInfoKey,
  backupVolumeSnapshotsKey,
} from '../../../velero/object-keys.ts'
import { finalizing } from '../../kit/finalizing.ts'

const files = [backupVolumeSnapshotsKey('shop'), backupCsiVolumeSnapshotsKey('shop'), backupVolumeInfoKey('shop')]

/** The facts about volumes of a backup all of whose lists have this content. */
async function factsOf(content: Buffer) {
  const { context, session } = await finalizing()
  for (const key of files) await session.store.put(key, content)
  return (await gatherFacts(new Set(), { session, ports: context.ports, settings: context.settings })).volumes
}

describe('the lists that a backup has of its volumes', () => {
  it.each(['null', '[]', '[null]'])('may be empty: %s', async (text) => {
    expect(await factsOf(gzipSync(text))).toMatchObject({ infos: {}, snapshots: [], csiSnapshots: [] })
  })

  it('may have entries without any field', async () => {
    expect(await factsOf(gzipSync('[{}]'))).toMatchObject({
      infos: { '': {} },
      snapshots: [{ spec: { persistentVolumeName: '' } }],
      csiSnapshots: [],
    })
  })

  it.each([
    ['no gzip', Buffer.from('[]')],
    ['cut off', gzipSync('[{"spec":{}}]').subarray(0, 15)],
    ['no JSON', gzipSync('nothing')],
    ['an object', gzipSync('{}')],
    ['a text', gzipSync('"volumes"')],
    ['numbers', gzipSync('[7]')],
    ['lists', gzipSync('[[]]')],
  ])('end the restore with the name of the file where they are damaged: %s', async (_what, content) => {
    await expect(factsOf(content)).rejects.toThrow(
      /^error fetching volume snapshots metadata: backups\/shop\/shop-volumesnapshots\.json\.gz is no gzipped JSON list/,
    )
  })
})
