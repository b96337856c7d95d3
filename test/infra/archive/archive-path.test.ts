import { describe, expect, it } from 'vitest'
import { cleanArchivePath, createPathParser } from '../../../infra/archive/archive-path.ts'

describe('a path in the tarball', () => {
  it.each([
    ['resources/pods/namespaces/shop/web.json', 'resources/pods/namespaces/shop/web.json'],
    ['/resources//pods/./cluster/a.json', 'resources/pods/cluster/a.json'],
    ['resources/pods/cluster/../namespaces/shop/a.json', 'resources/pods/namespaces/shop/a.json'],
    ['resources/pods/', 'resources/pods'],
    ['.', ''],
    ['', ''],
    ['resources/pods/cluster/...json', 'resources/pods/cluster/...json'],
    ['resources/.../a.json', 'resources/.../a.json'],
    ['resources/..a/b..', 'resources/..a/b..'],
  ])('%j is %j', (raw, clean) => expect(cleanArchivePath(raw)).toBe(clean))

  it.each(['..', '../a', 'a/../../b', '/..'])('%j leads out of the archive', (raw) =>
    expect(() => cleanArchivePath(raw)).toThrow('escapes target directory'),
  )
})

describe('an item of the archive', () => {
  const item = (groupResource: string, folder: string, namespace: string, name: string) => ({
    groupResource,
    folder,
    namespace,
    name,
  })
  const paths = [
    ['resources/pods/namespaces/shop/web.json', item('pods', '', 'shop', 'web')],
    ['resources/pods/namespaces/shop/db.json', item('pods', '', 'shop', 'db')],
    ['resources/pods/v1-preferredversion/namespaces/shop/web.json', item('pods', 'v1-preferredversion', 'shop', 'web')],
    ['resources/nodes/cluster/one.json', item('nodes', '', '', 'one')],
    ['resources/nodes/v1/cluster/one.json', item('nodes', 'v1', '', 'one')],
    ['resources/nodes/cluster/.json', item('nodes', '', '', '')],
    ['resources/nodes/cluster/one.yaml', undefined],
    ['resources/nodes/cluster/deeper/one.json', undefined],
    ['resources/nodes/one.json', undefined],
    ['resources/pods/namespaces/one.json', undefined],
    ['resources/pods/v1/v2/namespaces/shop/one.json', undefined],
    ['metadata/nodes/cluster/one.json', undefined],
    ['one.json', undefined],
  ] as const

  it('is named by its path, whatever the path before was', () => {
    const parse = createPathParser()
    for (const [before] of paths) {
      for (const [path, named] of paths) {
        parse(before)
        expect([before, path, parse(path)]).toEqual([before, path, named])
      }
    }
  })
})
