import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** What a folder may import. `types` are folders or files of which it may import types only. */
interface Rule {
  folders: readonly string[]
  types?: readonly string[]
  packages: RegExp
  builtins: RegExp
}

const none = /^$/
const any = /./
const pure = /^(yaml|re2js|fast-json-patch)$/

const rules: Record<string, Rule> = {
  velero: { folders: [], packages: none, builtins: none },
  contract: {
    folders: ['velero', 'core'],
    types: ['activities/'],
    packages: /^@temporalio\/(client|workflow|common)$/,
    builtins: none,
  },
  core: { folders: ['velero'], packages: pure, builtins: none },
  workflows: {
    folders: ['velero', 'core', 'contract'],
    types: ['activities/'],
    packages: /^@temporalio\/(workflow|common)$/,
    builtins: none,
  },
  activities: {
    folders: ['velero', 'core', 'contract'],
    packages: /^(@temporalio\/(activity|common)|lru-cache|p-limit)$/,
    builtins: /^(zlib|util|crypto|stream|async_hooks)$/,
  },
  infra: { folders: ['velero', 'core'], types: ['activities/ports.ts'], packages: /^(?!@temporalio)/, builtins: any },
  worker: {
    folders: ['velero', 'core', 'contract', 'workflows', 'activities', 'infra', 'velero-server'],
    packages: any,
    builtins: any,
  },
  'velero-server': { folders: ['velero', 'core', 'contract', 'activities', 'infra'], packages: any, builtins: any },
  client: {
    folders: ['velero', 'core', 'contract'],
    types: ['activities/'],
    packages: /^(?!@temporalio\/(worker|workflow|activity)$)/,
    builtins: any,
  },
}

/** Files that may import what their folder may not, each with its reason. */
const exceptions: Record<string, { imports: RegExp; because: string }[]> = {
  'infra/traces/start-tracing.ts': [
    { imports: /^@temporalio\/interceptors-opentelemetry$/, because: 'client and worker trace by the same plugin' },
  ],
  'core/sha256.ts': [{ imports: /^node:crypto$/, because: 'a pure function that Node has' }],
}

/** Files of other folders that a folder may import although it may not import the folder, each with its reason. */
const doors: Record<string, { imports: RegExp; because: string }[]> = {
  worker: [{ imports: /^package\.json$/, because: 'its version' }],
  'velero-server': [{ imports: /^worker\/config\.ts$/, because: 'its settings' }],
  client: [
    { imports: /^package\.json$/, because: 'its version' },
    { imports: /^infra\/(cluster|store|log|traces)\//, because: 'the client reads the cluster and the bucket' },
  ],
}

interface Import {
  from: string
  types: boolean
}

/** The imports and re-exports of a module; `import()` too. */
function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const found: Import[] = []
  const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w*{][^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
  for (const [, types, from = ''] of code.matchAll(statement)) found.push({ from, types: types !== undefined })
  for (const [, from = ''] of code.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g))
    found.push({ from, types: false })
  return found
}

/** Why a module may not import something; undefined where it may. */
function violation(file: string, { from, types }: Import): string | undefined {
  const folder = file.split('/')[0] ?? ''
  const rule = rules[folder]
  if (rule === undefined) return undefined
  if (exceptions[file]?.some(({ imports }) => imports.test(from)) === true) return undefined
  const said = `${file} imports ${types ? 'types of ' : ''}${from}`
  if (from.startsWith('node:'))
    return rule.builtins.test(from.slice('node:'.length).split('/')[0] ?? '') ? undefined : said
  if (!from.startsWith('.')) return rule.packages.test(packageOf(from)) ? undefined : said
  const target = normalize(join(dirname(file), from))
  const home = target.split('/')[0] ?? ''
  if (home === folder || rule.folders.includes(home)) return undefined
  if (types && rule.types?.some((allowed) => target.startsWith(allowed)) === true) return undefined
  return doors[folder]?.some(({ imports }) => imports.test(target)) === true ? undefined : said
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const root = fileURLToPath(new URL('..', import.meta.url))
const files = Object.keys(rules).flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)
const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8')
const violations = (file: string, source: string) =>
  importsOf(source)
    .map((one) => violation(file, one))
    .filter((said) => said !== undefined)

describe('the architecture', () => {
  it.each(Object.keys(rules))('of %s is kept by every import', (folder) => {
    const mine = files.filter((file) => file.startsWith(`${folder}/`))
    expect(mine.length).toBeGreaterThan(0)
    expect(mine.flatMap((file) => violations(file, sourceOf(file)))).toEqual([])
  })

  it.each(['core', 'velero'])('keeps clock, chance and waiting out of %s', (folder) => {
    const banned =
      /\bawait\b|\basync\b|Date\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|\bperformance\.|\bset(?:Timeout|Interval)\(/
    const mine = files.filter((file) => file.startsWith(`${folder}/`))
    expect(mine.filter((file) => banned.test(withoutComments(sourceOf(file))))).toEqual([])
  })

  it('names every module with its suffix', () => {
    const bare = files.flatMap((file) =>
      importsOf(sourceOf(file))
        .filter(({ from }) => from.startsWith('.') && !/\.(ts|json|cjs|js)$/.test(from))
        .map(({ from }) => `${file} imports ${from}`),
    )
    expect(bare).toEqual([])
  })

  it('needs each exception it makes', () => {
    for (const [file, list] of Object.entries(exceptions)) {
      const used = importsOf(sourceOf(file))
      expect(list.filter(({ imports }) => !used.some(({ from }) => imports.test(from)))).toEqual([])
    }
  })
})

function withoutComments(source: string): string {
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
    ['worker/a.ts', `import { main } from '../client/cli/main.ts'`],
    ['client/a.ts', `import { restore } from '../workflows/restore.ts'`],
    ['client/a.ts', `import { makeWorker } from '../worker/wire.ts'`],
    ['client/a.ts', `import { makeArchives } from '../infra/archive/archives.ts'`],
  ])('catches in %s: %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1)
  })

  it.each([
    ['core/deep/a.ts', `import type { X } from '../../velero/a.ts'\nimport { RE2JS } from 're2js'`],
    ['workflows/a.ts', `import type { Activities } from '../activities/index.ts'`],
    ['workflows/a.ts', `import type {\n  A,\n  B,\n} from '../activities/index.ts'`],
    ['infra/deep/a.ts', `import type { Ports } from '../../activities/ports.ts'`],
    ['core/a.ts', `/** import { x } from 'node:fs' */\n// import 'node:fs'`],
    ['client/a.ts', `import { cancelSignal } from '../contract/restore-workflow.ts'`],
  ])('lets pass in %s: %s', (file, source) => {
    expect(violations(file, source)).toEqual([])
  })

  it('looks into every folder of the source', () => {
    expect(relative(root, join(root, 'core')) in rules).toBe(true)
    expect(files.length).toBeGreaterThan(150)
  })
})
