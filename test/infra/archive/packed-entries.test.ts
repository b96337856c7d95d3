import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ArchiveFolder } from '../../../activities/archive-port.ts'
import { PackedEntries } from '../../../infra/archive/packed-entries.ts'

const paths = fc.uniqueArray(
  fc.record({
    groupResource: fc.constantFrom('pods', 'd.apps'),
    version: fc.constantFrom(undefined, 'v1'),
    namespace: fc.constantFrom(undefined, 'a', 'b'),
    name: fc.oneof(fc.constantFrom('a', 'a-b', 'a.b', 'a.json', ''), fc.string({ unit: 'binary', maxLength: 12 })),
  }),
  { selector: (path) => keyOf(path).toString('latin1'), maxLength: 60 },
)

type Path = { groupResource: string; version?: string | undefined; namespace?: string | undefined; name: string }

function keyOf({ groupResource, version = '', namespace = '', name }: Path): Buffer {
  return Buffer.from([groupResource, version, namespace, `${name}.json`].join('\0'))
}

function pack(sorted: readonly Path[]): PackedEntries {
  const entries = new PackedEntries()
  for (const [place, { groupResource, version, namespace, name }] of sorted.entries()) {
    const folder = { groupResource, ...(version && { version }), ...(namespace && { namespace }) }
    entries.add(folder, name, { offset: place * 2 ** 33, sizeBytes: place, crc: 0xffff_ffff - place })
  }
  return entries
}

/** As they come back from a file. */
function stored(entries: PackedEntries): PackedEntries {
  const { folders, arrays } = entries.toParts()
  return PackedEntries.from(JSON.parse(JSON.stringify(folders)) as ArchiveFolder[], inOwnBuffer(Buffer.concat(arrays)))
}

function inOwnBuffer(bytes: Buffer): Buffer<ArrayBuffer> {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

it('gives back every entry at its place, finds each by its path, and nothing else', () => {
  fc.assert(
    fc.property(paths, fc.string({ unit: 'binary', maxLength: 4 }), fc.boolean(), (chosen, other, isStored) => {
      const sorted = chosen.toSorted((a, b) => Buffer.compare(keyOf(a), keyOf(b)))
      const entries = isStored ? stored(pack(sorted)) : pack(sorted)
      const made = sorted.map(({ groupResource, version, namespace, name }, place) => ({
        groupResource,
        ...(version && { version }),
        ...(namespace && { namespace }),
        name: Buffer.from(name).toString(),
        offset: place * 2 ** 33,
        sizeBytes: place,
      }))
      expect([...entries]).toEqual(made)
      expect(sorted.map((_, place) => entries.at(place))).toEqual(made)
      const find = ({ version, namespace, ...path }: Path) =>
        entries.placeOf({ ...path, ...(version && { version }), ...(namespace && { namespace }) })
      expect(sorted.map(find)).toEqual(sorted.map((_, place) => place))
      expect(chosen.map((path) => entries.checksumAt(find(path)))).toEqual(
        chosen.map((path) => 0xffff_ffff - sorted.indexOf(path)),
      )
      const absent = { groupResource: 'pods', namespace: 'a', name: other }
      const isThere = sorted.some((path) => keyOf(path).equals(keyOf(absent)))
      expect(find(absent) >= 0).toBe(isThere)
      expect([entries.at(-1), entries.at(sorted.length), entries.checksumAt(-1)]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }),
  )
})

it('knows which entries its folders hold, also where there are thousands', () => {
  const names = Array.from({ length: 3000 }, (_, n) => `n${String(n).padStart(4, '0')}`)
  const entries = pack(names.flatMap((name) => [{ groupResource: 'pods', namespace: 'a', name }]))
  for (const [place, name] of names.entries())
    entries.add({ groupResource: 'secrets' }, name, { offset: 0, sizeBytes: 1, crc: place })
  expect(entries.folders).toEqual([
    { groupResource: 'pods', namespace: 'a', from: 0, to: 3000 },
    { groupResource: 'secrets', from: 3000, to: 6000 },
  ])
  expect(entries.placeOf({ groupResource: 'secrets', name: 'n2999' })).toBe(5999)
  expect(entries.at(5999)?.name).toBe('n2999')
})

it('finds the items of chunks that go on side by side, each of which asks for an item twice', () => {
  const names = Array.from({ length: 100 }, (_, n) => `n${String(n).padStart(3, '0')}`)
  const entries = pack(names.flatMap((name) => [{ groupResource: 'pods', namespace: 'a', name }]))
  const starts = [0, 17, 33, 50, 66, 83]
  for (let step = 0; step < 17; step++)
    for (const place of starts.map((start) => start + step))
      for (let time = 0; time < 2; time++)
        expect(entries.placeOf({ groupResource: 'pods', namespace: 'a', name: names[place] ?? '' })).toBe(place)
  expect(entries.placeOf({ groupResource: 'pods', namespace: 'a', name: 'n0995' })).toBe(-1)
})
