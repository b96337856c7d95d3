import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../../devstack/stack.ts'
import type { FullStack } from '../../../devstack/stack-types.ts'
import { evidenceVariable } from '../secrets/evidence.ts'
import { fixtureSecrets } from '../secrets/fixture-secrets.ts'
import { judgeSearch, searchEvidence, tellSearch } from '../secrets/search-evidence.ts'
import { keepEvents } from '../stack.ts'
import { noteEtcd } from '../clusters/cluster-pool.ts'
import { bundleOnce } from './bundle-once.ts'
import { poolFolder } from './clusters-setup.ts'
import type { RunReport } from '../ci/ci-reporter.ts'
import { ownDir, removeOwn, sweepLeftovers } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: FullStack
  }
}

/**
 * Starts the one stack of a test run (Temporal, bucket, a first cluster) and stops it in the end, whatever happened. Then what Drydock
 * has said and stored is searched for the values of Secrets: one that is found fails the run.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const [dir, bundleDir, evidence] = [ownDir(), ownDir(), ownDir()]
  const bundling = bundleOnce(join(bundleDir, 'workflows.js'))
  bundling.catch(() => {})
  const stack = await startStack({
    dir,
    lean: true,
    report: (line) => console.error(line),
  })
  await bundling
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
