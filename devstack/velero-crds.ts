import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'
import type { Home } from './home.ts'
import { cacheDir } from './tools/cache-dir.ts'
import { goModuleDir } from './tools/from-go.ts'
import { tools } from './tools/tools.ts'

const run = promisify(execFile)

/**
 * Velero's CustomResourceDefinitions, with the label that `velero install` gives them. They come out of Velero's Go
 * module, which takes seconds; only where there is no Go a velero binary is asked for them.
 */
export async function veleroCrds(home: Home): Promise<object[]> {
  const dir = process.env['DRYDOCK_VELERO_CRDS'] ?? join(cacheDir(), `crds-${tools.velero.version}`)
  if (!existsSync(dir)) await fill(dir, home)
  const files = (await readdir(dir)).filter(file => file.endsWith('.yaml')).sort()
  const crds = await Promise.all(files.map(async file => parse(await readFile(join(dir, file), 'utf8')) as Crd))
  return crds.map(labelled)
}

interface Crd {
  metadata: { name: string; labels?: Record<string, string>; creationTimestamp?: null }
}

/** Filled aside and renamed: another process sees all of them or none. */
async function fill(dir: string, home: Home): Promise<void> {
  await mkdir(cacheDir(), { recursive: true })
  const aside = await mkdtemp(join(cacheDir(), 'crds-'))
  try {
    await fillFromModule(aside, home).catch(async (noModule: unknown) => {
      await fillFromBinary(aside, home).catch((noBinary: unknown) => {
        throw new Error(unavailable(noModule, noBinary), { cause: noBinary })
      })
    })
    await rename(aside, dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function fillFromModule(aside: string, home: Home): Promise<void> {
  const { version } = tools.velero
  home.report(`Velero's CRDs: asking Go for the module of Velero ${version}, usually a few seconds`)
  const args = ['mod', 'download', '-json', `github.com/vmware-tanzu/velero@${version}`]
  const { stdout } = await run('go', args, { cwd: goModuleDir('velero'), signal: home.signal })
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  for (const version of ['v1', 'v2alpha1']) await cp(join(Dir, 'config/crd', version, 'bases'), aside, { recursive: true })
}

async function fillFromBinary(aside: string, home: Home): Promise<void> {
  const args = ['install', '--crds-only', '--dry-run', '-o', 'yaml']
  const { stdout } = await run(await home.tool('velero'), args, { maxBuffer: 64 << 20, signal: home.signal })
  const documents = parseAllDocuments(stdout) as { toJS(): Crd | { items: Crd[] } | null }[]
  const crds = documents.map(document => document.toJS()).flatMap(value => (value === null ? [] : 'items' in value ? value.items : [value]))
  if (crds.length === 0) throw new Error('velero printed no CRD')
  await Promise.all(crds.map(crd => writeFile(join(aside, `${crd.metadata.name}.yaml`), JSON.stringify(crd))))
}

function labelled(crd: Crd): Crd {
  const { creationTimestamp: _, ...metadata } = crd.metadata
  return { ...crd, metadata: { ...metadata, labels: { ...metadata.labels, component: 'velero' } } }
}

function unavailable(noModule: unknown, noBinary: unknown): string {
  return [
    `Velero's CRDs (${tools.velero.version}) cannot be had. Tried:`,
    `  Go module: ${String(noModule)}`,
    `  velero binary: ${String(noBinary)}`,
    "Install Go, or set DRYDOCK_VELERO_CRDS to a folder with Velero's CRDs, one YAML file each.",
  ].join('\n')
}
