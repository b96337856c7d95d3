import { execFile } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'
import { cachedFolder, copyFromGoModule } from '../tools/cached-folder.ts'
import type { Home } from '../home.ts'
import { goModuleDir } from '../tools/from-go.ts'
import { ToolUnavailable } from '../tools/obtain-tool.ts'
import { tools } from '../tools/tools.ts'

const run = promisify(execFile)
const { version } = tools.velero

/**
 * Velero's CustomResourceDefinitions, with the label that `velero install` gives them. They come from Velero's Go
 * module, which takes seconds. Without Go, a velero binary prints them.
 */
export async function veleroCrds(home: Home): Promise<object[]> {
  const own = process.env['DRYDOCK_VELERO_CRDS']
  const dir = own ?? (await cachedFolder(`crds-${version}`, (aside) => fill(aside, home)))
  const files = (await readdir(dir)).filter((file) => file.endsWith('.yaml')).sort()
  if (files.length === 0) throw new Error(`${dir} holds no YAML file with a CRD`)
  const crds = await Promise.all(files.map(async (file) => parse(await readFile(join(dir, file), 'utf8')) as Crd))
  return crds.map(labelled)
}

interface Crd {
  metadata: { name: string; labels?: Record<string, string>; creationTimestamp?: null }
}

async function fill(aside: string, home: Home): Promise<void> {
  const failures: string[] = []
  for (const way of [fromModule, fromBinary]) {
    try {
      await way(aside, home)
      return
    } catch (error) {
      home.signal.throwIfAborted()
      failures.push(`${way.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new ToolUnavailable(`Velero's CRDs ${version}`, failures, advice)
}

const advice = "Install Go, or set DRYDOCK_VELERO_CRDS to a folder with Velero's CRDs, one YAML file each."

async function fromModule(aside: string, home: Home): Promise<void> {
  home.report(`Velero's CRDs: taking them from Velero's Go module ${version}, usually a few seconds`)
  const module = `github.com/vmware-tanzu/velero@${version}`
  const folders = ['config/crd/v1/bases', 'config/crd/v2alpha1/bases']
  await copyFromGoModule(module, folders, { to: aside, cwd: goModuleDir('velero'), signal: home.signal })
}

async function fromBinary(aside: string, home: Home): Promise<void> {
  const args = ['install', '--crds-only', '--dry-run', '-o', 'yaml']
  const { stdout } = await run(await home.tool('velero'), args, { maxBuffer: 64 << 20, signal: home.signal })
  const crds = parseAllDocuments(stdout).flatMap((document) => crdsIn(document.toJS()))
  if (crds.length === 0) throw new Error('velero printed no CRD')
  await Promise.all(crds.map((crd) => writeFile(join(aside, `${crd.metadata.name}.yaml`), JSON.stringify(crd))))
}

/** Velero prints a list, or one document for each. */
function crdsIn(document: unknown): Crd[] {
  if (document === null || typeof document !== 'object') return []
  return 'items' in document ? (document.items as Crd[]) : [document as Crd]
}

function labelled(crd: Crd): Crd {
  const { creationTimestamp: _, ...metadata } = crd.metadata
  return { ...crd, metadata: { ...metadata, labels: { ...metadata.labels, component: 'velero' } } }
}
