import { describe, expect, it } from 'vitest'
import { exceptions, free, rules, timeless } from './house/architecture-rules.ts'
import { builtinOf, circlesOf, importsOf, packageOf, targetOf } from './house/imports.ts'
import type { Import } from './house/imports.ts'
import { listFiles, textOf } from './house/source-files.ts'

const isInside = (file: string, folder: string) => file === folder || file.startsWith(`${folder}/`)

/** The folder whose rule holds for a file; undefined where none does. */
function ruledBy(file: string): string | undefined {
  return Object.keys(rules)
    .filter((folder) => isInside(file, folder))
    .toSorted((a, b) => b.length - a.length)[0]
}

/** Which permission of its folder's rule an import uses; undefined where it has none. */
function permissionOf(file: string, one: Import): string | undefined {
  const folder = ruledBy(file)
  const rule = folder === undefined ? undefined : rules[folder]
  if (folder === undefined || rule === undefined) return 'free'
  if (exceptions[file]?.[one.from] !== undefined) return one.from
  const builtin = builtinOf(one)
  if (builtin !== undefined) return rule.builtins === 'any' || rule.builtins.includes(builtin) ? builtin : undefined
  const target = targetOf(file, one)
  if (target === undefined) return rule.packages.find((name) => name === packageOf(one))
  if (isInside(target, folder)) return folder
  if (rule.doors?.[target] !== undefined) return target
  const types = one.types ? (rule.types ?? []) : []
  return [...rule.folders, ...types].find((allowed) => isInside(target, allowed))
}

const files = listFiles().filter((file) => /\.(ts|cjs)$/.test(file) && !file.startsWith('test/fixtures/'))
const ruled = files.filter((file) => ruledBy(file) !== undefined)
const imports = new Map(files.map((file) => [file, importsOf(textOf(file))]))
const importsIn = (file: string) => imports.get(file) ?? []
const violations = (file: string, source: string) =>
  importsOf(source)
    .filter((one) => permissionOf(file, one) === undefined)
    .map(({ from, types }) => `${file} imports ${types ? 'types of ' : ''}${from}`)

describe('the architecture', () => {
  it.each(Object.keys(rules))('of %s is kept by every import', (folder) => {
    const own = ruled.filter((file) => ruledBy(file) === folder)
    expect(own).not.toEqual([])
    expect(own.flatMap((file) => violations(file, textOf(file)))).toEqual([])
  })

  it.each(timeless)('keeps clock, chance and waiting out of %s', (folder) => {
    const banned =
      /\bawait\b|\basync\b|Date\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|\bperformance\.|\bset(?:Timeout|Interval)\(/
    const own = files.filter((file) => isInside(file, folder))
    expect(own.filter((file) => banned.test(withoutText(textOf(file))))).toEqual([])
  })

  it('has no import circles, types included', () => {
    const graph = new Map(files.map((file) => [file, importsIn(file).flatMap((one) => targetOf(file, one) ?? [])]))
    expect(circlesOf(graph)).toEqual([])
  })

  it('names every module with its suffix', () => {
    const bare = files.flatMap((file) =>
      importsIn(file)
        .filter(({ from }) => from.startsWith('.') && !/\.(ts|json|cjs|js)$/.test(from))
        .map(({ from }) => `${file} imports ${from}`),
    )
    expect(bare).toEqual([])
  })

  it('has a row in ARCHITECTURE.md for every folder with code', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? ''))
    const map = textOf('ARCHITECTURE.md')
    expect([...folders].filter((folder) => !map.includes(`| \`${folder}/\``))).toEqual([])
  })

  it('has a rule for every folder of the source, or a reason why it is free', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? ''))
    const isKnown = (folder: string) =>
      folder in free || files.filter((file) => isInside(file, folder)).every((file) => ruledBy(file) !== undefined)
    expect([...folders].filter((folder) => !isKnown(folder))).toEqual([])
    expect(Object.keys(free).filter((folder) => !folders.has(folder))).toEqual([])
  })
})

describe('each permission of the architecture', () => {
  it.each(Object.entries(rules))('of %s is used', (folder, rule) => {
    const own = ruled.filter((file) => ruledBy(file) === folder)
    const used = new Set(own.flatMap((file) => importsIn(file).map((one) => permissionOf(file, one))))
    const builtins = rule.builtins === 'any' ? [] : rule.builtins
    const granted = [...rule.folders, ...(rule.types ?? []), ...Object.keys(rule.doors ?? {}), ...rule.packages]
    expect([...granted, ...builtins].filter((one) => !used.has(one))).toEqual([])
  })

  it('for a single file is used', () => {
    const unused = Object.entries(exceptions).flatMap(([file, list]) =>
      Object.keys(list)
        .filter((from) => !importsIn(file).some((one) => one.from === from))
        .map((from) => `${file} does not import ${from}`),
    )
    expect(unused).toEqual([])
  })

  it('names a package that package.json has, or is', () => {
    const manifest = JSON.parse(textOf('package.json')) as { name: string; dependencies: Record<string, string> }
    const known = [manifest.name, ...Object.keys(manifest.dependencies)]
    const named = Object.values(rules).flatMap(({ packages }) => packages)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })
})

function withoutText(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}

describe('the guard of the architecture', () => {
  it.each([
    ['velero/a.ts', `import { x } from '../core/a.ts'`],
    ['core/a.ts', `import { readFile } from 'node:fs'`],
    ['core/a.ts', `import { createHash } from 'node:crypto'`],
    ['core/a.ts', `import { log } from '@temporalio/workflow'`],
    ['core/deep/a.ts', `import type { Ports } from '../../activities/ports.ts'`],
    ['core/a.ts', `export { x } from '../infra/log/a.ts'`],
    ['core/a.ts', `const x = await import('node:fs')`],
    ['contract/a.ts', `import { asFailure } from '../activities/frame/failures.ts'`],
    ['contract/a.ts', `import type { Client } from '../client/api/index.ts'`],
    ['workflows/a.ts', `import { createActivities } from '../activities/index.ts'`],
    ['workflows/a.ts', `import {\n  createActivities,\n} from '../activities/index.ts'`],
    ['workflows/a.ts', `import { type Activities } from '../activities/index.ts'`],
    ['workflows/a.ts', `import { Client } from '@temporalio/client'`],
    ['workflows/a.ts', `import '../activities/index.ts'`],
    ['activities/a.ts', `import { connect } from '../infra/cluster/connect.ts'`],
    ['activities/a.ts', `import type { X } from '../infra/cluster/connect.ts'`],
    ['activities/a.ts', `import { readFile } from 'node:fs/promises'`],
    ['activities/deep/a.ts', `import { proxyActivities } from '@temporalio/workflow'`],
    ['infra/a.ts', `import { asFailure } from '../activities/frame/failures.ts'`],
    ['infra/a.ts', `import type { Attempt } from '../activities/frame/run-activity.ts'`],
    ['infra/a.ts', `import { Context } from '@temporalio/activity'`],
    ['infra/cluster/a.ts', `import { trace } from '@opentelemetry/api'`],
    ['worker/a.ts', `import { main } from '../client/cli/main.ts'`],
    ['worker/a.ts', `import { restore } from '../workflows/restore.ts'`],
    ['velero-server/a.ts', `import { main } from '../worker/main.ts'`],
    ['velero-server/decide/a.ts', `import { leaderLease } from '../leader.ts'`],
    ['velero-server/decide/a.ts', `import type { Log } from '../../activities/ports.ts'`],
    ['velero-server/decide/a.ts', `import { readFile } from 'node:fs'`],
    ['client/api/a.ts', `import { restore } from '../../workflows/restore.ts'`],
    ['client/api/a.ts', `import { makeWorker } from '../../worker/wire.ts'`],
    ['client/api/a.ts', `import { makeArchives } from '../../infra/archive/archives.ts'`],
    ['client/api/a.ts', `import { createDisplay } from '../show/display.ts'`],
    ['client/api/a.ts', `import { run } from '../cli/main.ts'`],
    ['client/show/a.ts', `import { run } from '../cli/main.ts'`],
    ['client/show/a.ts', `import { Command } from 'commander'`],
  ])('catches in %s: %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1)
  })

  it.each([
    ['core/deep/a.ts', `import type { X } from '../../velero/a.ts'\nimport { RE2JS } from 're2js'`],
    ['workflows/a.ts', `import type { Activities } from '../activities/index.ts'`],
    ['workflows/a.ts', `import type {\n  A,\n  B,\n} from '../activities/index.ts'`],
    ['infra/deep/a.ts', `import type { Ports } from '../../activities/ports.ts'`],
    ['core/a.ts', `/** import { x } from 'node:fs' */\n// import 'node:fs'`],
    ['client/api/a.ts', `import { cancelSignal } from '../../contract/restore-workflow.ts'`],
    ['client/cli/commands/a.ts', `import { createDisplay } from '../../show/display.ts'`],
  ])('lets pass in %s: %s', (file, source) => {
    expect(violations(file, source)).toEqual([])
  })

  it('finds circles of any length, and each only once', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', []],
      ['f', ['g']],
      ['g', ['f', 'a']],
      ['h', ['h']],
    ])
    expect(circlesOf(graph)).toEqual([['a', 'b', 'c'], ['f', 'g'], ['h']])
  })
})
