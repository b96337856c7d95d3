import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { codeCacheFolder } from '../../infra/code-cache.cjs'
import { bundlesToRemove, hashOfSources } from '../../worker/workflow-code.ts'

const root = mkdtempSync(join(tmpdir(), 'drydock-code-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let home: string
beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'))
})

describe('the folder for code that is kept', () => {
  it('is made in the home, for this user alone', () => {
    const folder = codeCacheFolder('compiled', { HOME: home })
    expect(folder).toBe(join(home, '.cache/drydock/compiled'))
    expect(statSync(folder ?? '').mode & 0o777).toBe(0o700)
  })

  it('is in XDG_CACHE_HOME where that is a path', () => {
    expect(codeCacheFolder('workflows', { HOME: '/none', XDG_CACHE_HOME: home })).toBe(join(home, 'drydock/workflows'))
    expect(codeCacheFolder('workflows', { HOME: home, XDG_CACHE_HOME: 'relative' })).toContain(join(home, '.cache'))
  })

  it('is none without a home, which it never makes', () => {
    const missing = join(home, 'missing')
    expect(codeCacheFolder('compiled', { HOME: missing })).toBeUndefined()
    expect(existsSync(missing)).toBe(false)
  })

  it('is none where a file is in its place', () => {
    writeFileSync(join(home, '.cache'), '')
    expect(codeCacheFolder('compiled', { HOME: home })).toBeUndefined()
  })

  it.each(['.cache', '.cache/drydock', '.cache/drydock/compiled'])(
    'is none where all users may write to %s',
    (path) => {
      mkdirSync(join(home, '.cache/drydock/compiled'), { recursive: true })
      chmodSync(join(home, path), 0o777)
      expect(codeCacheFolder('compiled', { HOME: home })).toBeUndefined()
    },
  )
})

describe('the name of a workflow bundle in the cache', () => {
  it('changes with the content and the names of its sources, and with nothing else', () => {
    mkdirSync(join(home, 'workflows'))
    writeFileSync(join(home, 'workflows/a.ts'), 'a')
    writeFileSync(join(home, 'package.json'), '{}')
    const hash = () => hashOfSources(home, ['workflows', 'package.json'])
    const first = hash()
    writeFileSync(join(home, 'other.ts'), 'b')
    expect(hash()).toBe(first)
    writeFileSync(join(home, 'workflows/a.ts'), 'b')
    const second = hash()
    expect(second).not.toBe(first)
    writeFileSync(join(home, 'workflows/c.ts'), '')
    expect(new Set([first, second, hash()]).size).toBe(3)
  })
})

describe('the bundles in the cache', () => {
  const made = (name: string, madeAtMs: number) => ({ name, madeAtMs })

  it('are the last few, and one that is being made counts for none of them', () => {
    const bundles = [1, 2, 3, 4, 5, 6].map((n) => made(`${n}.js`, n))
    expect(bundlesToRemove([...bundles, made('7.js.123', 7)], 8)).toEqual(['1.js'])
  })

  it('lose one that nobody finishes', () => {
    expect(bundlesToRemove([made('1.js', 0), made('2.js.123', 0)], 3_600_000)).toEqual(['2.js.123'])
  })
})
