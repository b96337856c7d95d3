import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { credentialsFileOf } from '../../../devstack/bucket.ts'
import { addVeleroDeployment } from '../../../devstack/cluster/cluster-setup.ts'
import { openHome } from '../../../devstack/home.ts'
import { endProcess } from '../../../devstack/processes/end-process.ts'
import { startControllerManager } from '../../../devstack/services/kube-controller-manager.ts'
import { blocksOf, docPages } from '../../house/doc-blocks.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { runDeployments } from './run-deployments.ts'
import { makeScratch, runBlocks } from './run-page.ts'
import type { Scratch } from './run-page.ts'

/** The first page installs what the others use, and the last one removes it. */
const [first, last] = ['docs/getting-started.md', 'docs/going-back.md']

const pages = docPages().map((page) => ({ page, blocks: blocksOf(page).filter(({ language }) => language === 'sh') }))
const toRun = pages
  .map(({ page, blocks }) => ({ page, blocks: blocks.filter(({ notRun }) => notRun === undefined) }))
  .filter(({ blocks }) => blocks.length > 0)
const between = toRun.filter(({ page }) => page !== first && page !== last)
const inOrder = [first, ...between.map(({ page }) => page), last]

/** Only the garbage collector, which ends deletions in the foreground: other controllers would write what the stand-in writes. */
async function collectGarbage(cluster: TestCluster): Promise<void> {
  const home = openHome(cluster.dir)
  await startControllerManager(home, cluster, 'garbage-collector-controller')
  const service = home.state.services['kube-controller-manager']
  whenFileIsOver(() => service !== undefined && endProcess(service))
}

describe('the commands of the pages', () => {
  let scratch: Scratch
  let assertAttended: () => void

  beforeAll(async () => {
    const marked = pages.flatMap(({ blocks }) => blocks.filter(({ notRun }) => notRun !== undefined))
    console.log(marked.map(({ page, line, notRun }) => `not run: ${page}:${line}: ${notRun}`).join('\n'))
    const cluster = await freshCluster()
    const { s3, temporal, prefix, veleroNamespace } = cluster
    await putBackup(cluster, manyItems('large', { count: 1500 }))
    await withAdmin(cluster, async (admin) => {
      await addVeleroDeployment(admin, veleroNamespace, ['server'])
      await admin.must('POST', '/api/v1/namespaces', { metadata: { name: 'openshift-adp' } })
    })
    scratch = await makeScratch(cluster, {
      REGISTRY: 'registry.example',
      TEMPORAL_ADDRESS: temporal.address,
      BACKUP: 'shop',
      LARGE_BACKUP: 'large',
      BUCKET: s3.bucket,
      PREFIX: `${prefix}/other`,
      REGION: s3.region,
      S3_URL: s3.endpoint,
    })
    writeFileSync(join(scratch.dir, 'credentials'), credentialsFileOf(s3))
    await collectGarbage(cluster)
    assertAttended = runDeployments(cluster)
  })

  it.each(inOrder)('of %s do what the page says', async (page) => {
    const blocks = toRun.find((one) => one.page === page)?.blocks ?? []
    expect(blocks.length).toBeGreaterThan(0)
    const { code, line, text } = await runBlocks(scratch, blocks)
    assertAttended()
    expect({ page, line, code, text: code === 0 ? '' : text.slice(-6000) }).toEqual({ page, line, code: 0, text: '' })
  })
})
