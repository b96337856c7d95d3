import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Log } from '../../../activities/ports.ts'
import { defaultBounds, type ArchiveBounds } from '../../../infra/archive/archive-bounds.ts'
import { buildArchive } from '../../../infra/archive/build-archive.ts'
import { openArchive } from '../../../infra/archive/open-archive.ts'
import { aTarball, anItem, type TarPart } from './tarballs.ts'

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe('the list of the items in a tarball', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-build-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const build = async (parts: readonly TarPart[], bounds: Partial<ArchiveBounds> = {}) => {
    const tarball = Readable.from([await aTarball(parts)])
    await buildArchive(tarball, { folder, etag: '"1"', bounds: { ...defaultBounds, ...bounds }, log })
  }
  const longNames = (count: number) =>
    Array.from({ length: count }, (_, n) => anItem(`pods/namespaces/a/${String(n).padStart(4_000, '0')}`, ''))

  it('is bounded in bytes, however small the tarball is, and the error names the setting', async () => {
    await expect(build(longNames(60), { indexBytesMax: 200_000 })).rejects.toMatchObject({
      name: 'ArchiveError',
      kind: 'too-big',
      message: expect.stringMatching(/more bytes than 200,000, the bound of indexBytesMax/),
    })
  })

  it('counts a path once, however often it comes', async () => {
    const same = anItem(`pods/namespaces/a/${'n'.repeat(4_000)}`)
    await build(
      Array.from({ length: 60 }, () => same),
      { indexBytesMax: 10_000 },
    )
    const archive = await openArchive(folder)
    expect(archive?.index.entries).toHaveLength(1)
    await archive?.close()
  })

  it('comes back from the disk with every name', async () => {
    const names = ['a', 'Ä', 'line\u2028separator', '𝔸', 'quote"backslash\\', 'tab\t']
    await build(names.map((name) => anItem(`pods/namespaces/a/${name}`, name)))
    const archive = await openArchive(folder)
    const entries = [...(archive?.index.entries ?? [])]
    expect(entries.map(({ name }) => name).sort()).toEqual([...names].sort())
    for (const entry of entries) expect(await archive?.read(entry)).toBe(entry.name)
    await archive?.close()
  })
})
