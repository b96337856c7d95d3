import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfig, slotsOf } from '../../worker/config.ts'
import { problemsOf } from './config-problems.ts'

interface Row {
  name: string
  fallback: string
  takes: string
}

const text = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8')
const rows: Row[] = [...text.matchAll(/^\| `([A-Z_]+)` +\| (?:`([^`]*)`)? *\| ([^|]*) \|/gm)].map(
  ([, name = '', fallback = '', takes = '']) => ({ name, fallback, takes: takes.trim() }),
)

/** Which settings the worker reads, whatever they hold. */
function settingsRead(): Set<string> {
  const names = new Set<string>()
  const env: Record<string, string | undefined> = {}
  readConfig(
    new Proxy(env, {
      get: (_env, name) => {
        names.add(String(name))
        return undefined
      },
    }),
  )
  return names
}

describe('docs/settings.md', () => {
  it('has every setting that the worker reads, and no other, once each', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual([...settingsRead()].sort())
  })

  it.each(rows.filter(({ fallback }) => fallback !== ''))('tells the default of $name', ({ name, fallback }) => {
    const { http, ...asSet } = readConfig({ [name]: fallback })
    const { http: byDefault, ...rest } = readConfig({})
    expect({ ...asSet, http: show(http) }).toEqual({ ...rest, http: show(byDefault) })
  })

  it.each(rows.filter(({ takes }) => / to /.test(takes)))('tells the bounds of $name', ({ name, takes }) => {
    const [min = NaN, max = NaN] = takes.split(' to ').map(Number)
    expect([min, max].flatMap((value) => problemsOf({ [name]: String(value) }))).toEqual([])
    for (const value of [min - 1, max + 1, min + 0.5]) expect(problemsOf({ [name]: String(value) })).toHaveLength(1)
  })

  it.each(rows.filter(({ takes }) => takes === 'a duration'))('tells that $name is a duration', ({ name }) => {
    expect(problemsOf({ [name]: '1h30m' })).toEqual([])
    expect(problemsOf({ [name]: 'soon' })).toEqual([expect.stringContaining(`${name} is "soon"`)])
  })

  it.each(rows.filter(({ takes }) => takes.startsWith('`') && !takes.includes('port')))(
    'tells what $name may be',
    ({ name, takes }) => {
      for (const [, choice = ''] of takes.matchAll(/`([^`]+)`/g)) expect(problemsOf({ [name]: choice })).toEqual([])
      expect(problemsOf({ [name]: 'something-else' })).toHaveLength(1)
    },
  )
})

function show(http: { host: string; port: number } | undefined): string {
  return `${http?.host}:${http?.port}`
}

describe('the configuration', () => {
  it('names all problems at once', () => {
    expect(
      problemsOf({ DRYDOCK_CHUNK_ITEMS: '0', DRYDOCK_LOG_LEVEL: 'loud', VELERO_NAMESPACE: 'No Such' }),
    ).toHaveLength(3)
  })

  it.each([
    ['0.0.0.0:9000', { host: '0.0.0.0', port: 9000, isDefault: false }],
    [':9000', { host: '0.0.0.0', port: 9000, isDefault: false }],
    ['[::1]:0', { host: '::1', port: 0, isDefault: false }],
    ['off', undefined],
  ])('takes %s as address of the endpoints', (address, expected) => {
    expect(readConfig({ DRYDOCK_HTTP_ADDRESS: address }).http).toEqual(expected)
  })

  it.each(['9000', 'localhost', 'localhost:99999', 'http://localhost:1', 'a b:1', '[::1:1'])(
    'refuses %s as address of the endpoints',
    (address) => {
      expect(problemsOf({ DRYDOCK_HTTP_ADDRESS: address })).toEqual([expect.stringContaining('DRYDOCK_HTTP_ADDRESS')])
    },
  )
})

describe('the slots of a worker', () => {
  it.each(['1', '16', '500'])(
    'leave, with DRYDOCK_CHUNKS_MAX=%s, as many to other work as hooks may hold',
    (chunks) => {
      const config = readConfig({ DRYDOCK_CHUNKS_MAX: chunks })
      const { hookRunsMax } = config.settings
      expect(slotsOf(config) - hookRunsMax).toBe(Number(chunks) + 16)
      expect(hookRunsMax).toBeGreaterThan(16)
    },
  )
})
