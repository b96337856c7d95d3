import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../../devstack/stack.ts'
import type { FullStack } from '../../../devstack/stack-types.ts'
import { keptBundle } from '../../../worker/workflow-code.ts'
import { evidenceVariable } from '../secrets/evidence.ts'
import { fixtureSecrets } from '../secrets/fixture-secrets.ts'
import { judgeSearch, searchEvidence, tellSearch } from '../secrets/search-evidence.ts'
import { keepEvents } from '../stack.ts'
import { noteEtcd } from '../clusters/cluster-pool.ts'
import { poolFolder } from './clusters-setup.ts'
import type { RunReport } from './ci-reporter.ts'
import { ownDir, removeOwn, sweepLeftovers } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: FullStack
  }
}

const run = promisify(execFile)
const bundler = fileURLToPath(new URL('../../../worker/bundle-workflows.ts', import.meta.url))

/** From the cache where it is there; the copy is this run's own, since others may push it out of the cache. */
async function bundleInto(file: string): Promise<void> {
  const kept = await keptBundle({ debug: () => {} })
  if (kept === undefined) await run(process.execPath, [bundler, file])
  else await copyFile(kept, file)
}

/**
 * Starts the one stack of a test run (Temporal, bucket, a first cluster) and stops it in the end, whatever happened. Then what Drydock
 * has said and stored is searched for the values of Secrets: one that is found fails the run.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const [dir, bundleDir, evidence] = [ownDir(), ownDir(), ownDir()]
  // Once for all workers of the run: each would bundle for seconds.
  const bundle = join(bundleDir, 'workflows.js')
  const bundling = bundleInto(bundle)
  bundling.catch(() => {})
  const stack = await startStack({
    dir,
    lean: true,
    report: (line) => console.error(line),
  })
  await bundling
  process.env['DRYDOCK_WORKFLOW_BUNDLE'] = bundle
  process.env[evidenceVariable] = evidence
  project.provide('stack', stack)
  noteEtcd(poolFolder(), stack.etcd)
  return async () => {
    await keepEvents(stack)
    for (const own of [dir, bundleDir]) await removeOwn(own)
    try {
      await searchForSecrets(evidence)
    } finally {
      await removeOwn(evidence)
    }
  }
}

async function searchForSecrets(evidence: string): Promise<void> {
  const search = searchEvidence([evidence], await fixtureSecrets(fixtures))
  console.error(tellSearch(search))
  try {
    judgeSearch(search)
  } catch (error) {
    noteInReport()
    throw error
  }
}

const fixtures = fileURLToPath(new URL('../../fixtures/backups', import.meta.url))

/** The report of the run is written before this: without the note a second run of failed files would hide the find. */
function noteInReport(): void {
  const path = process.env['DRYDOCK_TEST_REPORT']
  if (path === undefined || !existsSync(path)) return
  const report = JSON.parse(readFileSync(path, 'utf8')) as RunReport
  writeFileSync(path, JSON.stringify({ ...report, unhandled: report.unhandled + 1 }))
}
