import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Restore } from '../../../velero/restore.ts'
import {
  cancelSignal,
  pauseSignal,
  progressQuery,
  resumeSignal,
  workflowIdOf,
} from '../../../contract/restore-workflow.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { slowly, webBackup } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createCompletedBackup } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import { findChromium, openBrowser, textOf } from './web-ui-browser.ts'

const executable = findChromium()
const patience = 60_000
/** Characters of a page that a failure quotes: its head, with state and result. */
const shownMax = 3_000
/** Secrets, and as many ConfigMaps, beside a namespace and its account. */
const count = 300
const total = 2 * count + 2

describe.skipIf(isMissing('chromium', executable !== undefined))('a restore in the Web UI', () => {
  let cluster: TestCluster
  let connection: Connection
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    await putBackup(cluster, webBackup('nightly', count))
    // Slow enough to be paused among the secrets.
    await startWorker(cluster, slowly)
    connection = await Connection.connect({ address: cluster.temporal.address })
    browser = await openBrowser(executable ?? '')
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, timezoneId: 'UTC' })
    page.setDefaultTimeout(4 * patience)
  })

  afterAll(async () => {
    await browser?.close()
    await connection?.close()
  })

  const handleOf = ({ metadata: { namespace = '', name, uid = '' } }: Restore) =>
    new Client({ connection }).workflow.getHandle(workflowIdOf({ namespace, name, uid }))

  /** The workflow ends a moment after the last phase; a page that was opened in between shows it running. */
  const closed = (restore: Restore) =>
    waitUntil(
      async () => (await handleOf(restore).describe()).status.name !== 'RUNNING',
      patience,
      'the workflow’s end',
    )

  /** Creates a Restore into a namespace of its own and pauses it in its waves, so that there is time to look. */
  async function pausedRestore(name: string): Promise<{ restore: Restore; handle: WorkflowHandle }> {
    const restore = await createRestore(cluster, {
      name,
      spec: { backupName: 'nightly', namespaceMapping: { web: name } },
    })
    const handle = handleOf(restore)
    const begun = async () => ((await handle.query(progressQuery).catch(() => undefined))?.itemsDone ?? 0) > 0
    await waitUntil(begun, patience, 'the first item')
    await handle.signal(pauseSignal, 'to be looked at')
    // One that stays paused would never end.
    onTestFinished(() => handle.signal(cancelSignal, 'the test is over').catch(() => undefined))
    return { restore, handle }
  }

  /** Restores a backup of which the cluster knows and the bucket does not. */
  async function restoreWithoutTarball(name: string): Promise<Restore> {
    await createCompletedBackup(cluster, name)
    return createRestore(cluster, { name, spec: { backupName: name } })
  }

  async function open(restore: Restore): Promise<void> {
    await page.goto(`${cluster.temporal.uiUrl}/namespaces/default/workflows`)
    await page
      .getByRole('link', { name: workflowIdOf(restore.metadata as never) })
      .first()
      .click()
    await page.getByRole('tab', { name: 'User Metadata' }).waitFor()
  }

  async function expectText(wanted: readonly (string | RegExp)[]): Promise<void> {
    let text = ''
    const shown = async () => {
      text = await textOf(page)
      return wanted.every((one) => (typeof one === 'string' ? text.includes(one) : one.test(text)))
    }
    await waitUntil(shown, patience, wanted.join(', ')).catch((error: unknown) => {
      throw new Error(`${String(error)}; the page shows:\n${text.slice(0, shownMax)}`, { cause: error })
    })
  }

  async function tab(name: string): Promise<void> {
    await page.getByRole('tab', { name }).click()
  }

  /**
   * Asks the workflow by the form of the tab, and returns the answer as it is shown: another than the one before it. The page shows
   * the first lines of a long one before the others, so `until` says what is waited for.
   */
  async function ask(query: string, until: readonly string[] = []): Promise<string> {
    const answer = page.getByTestId('query-result').locator('.cm-content')
    const before = (await answer.innerText()).trim()
    await page.getByTestId('query-select-button').click()
    await page.getByRole('option', { name: new RegExp(`^${query} `) }).click()
    await page.getByRole('button', { name: 'Run Query' }).click()
    let text = ''
    const isNew = async () => {
      text = (await answer.innerText()).trim()
      return text !== '' && text !== before && until.every((part) => text.includes(part))
    }
    await waitUntil(isNew, patience, `the answer of ${query}`)
    return text
  }

  const picture = (name: string) =>
    page.screenshot({ path: fileURLToPath(new URL(`../../../docs/images/web-ui-${name}.png`, import.meta.url)) })

  it('tells all of a running one, which its button then cancels', async () => {
    const { restore } = await pausedRestore('web-cancelled')
    await open(restore)
    await expectText(['Running', 'validate and claim the Restore', 'read the backup and plan the waves'])
    await tab('Search Attributes')
    await expectText([
      '"DrydockRestore": "web-cancelled"',
      '"DrydockBackup": "nightly"',
      '"DrydockPhase": "InProgress"',
    ])
    await expectText(['"DrydockOutcome": "running"', '"DrydockNamespace": "velero"'])
    await tab('User Metadata')
    await expectText(['restore web-cancelled of backup nightly', 'Waiting for resume: paused to be looked at'])
    await expectText([
      /wave\s+resource\s+items\s+created/,
      new RegExp(`secrets\\s+\\d+ / ${count}`),
      'wave 1, chunk 1: 1 namespaces',
    ])
    await expectText([
      /namespaces\s+1 \/ 1\s+1\s+0\s+0\s+0/,
      /serviceaccounts\s+\d \/ 1/,
      new RegExp(`configmaps\\s+0 / ${count}`),
    ])
    await picture('running')

    await page.getByRole('button', { name: 'Request Cancellation' }).click()
    await page.getByRole('button', { name: 'Confirm' }).locator('visible=true').click()
    const ended = await awaitRestore(cluster, 'web-cancelled')
    expect(ended.status).toMatchObject({ phase: 'Failed', failureReason: expect.stringMatching(/^cancelled: /) })
    await closed(restore)
    await open(restore)
    await expectText(['Canceled'])
    await tab('Search Attributes')
    await expectText(['"DrydockOutcome": "cancelled"', '"DrydockPhase": "Failed"'])
    await tab('History')
    await expectText(['Canceled', 'end the Restore as Failed', 'write what is known to the result files'])
    await picture('cancelled')
  })

  it('answers the queries of a running one in the tab for them', async () => {
    const { restore } = await pausedRestore('web-asked')
    await open(restore)
    await tab('Queries')
    expect(JSON.parse(await ask('progress'))).toMatchObject({
      phase: 'InProgress',
      waves: 4,
      itemsTotal: total,
      failed: 0,
      waitingFor: 'resume: paused to be looked at',
    })
    await picture('queries')
    const kinds = ['namespaces', 'serviceaccounts', 'secrets', 'configmaps']
    const plan = await ask(
      'plan',
      kinds.map((kind) => `"groupResource": "${kind}"`),
    )
    expect(plan).toContain(`"items": ${total}`)
    expect(JSON.parse(await ask('failures'))).toEqual([])
  })

  it('tells in the first line of the failure why one failed', async () => {
    const restore = await restoreWithoutTarball('web-failed')
    const { failureReason = '' } = (await awaitRestore(cluster, 'web-failed')).status ?? {}
    expect(failureReason).toMatch(/^restore execution failed: error downloading backup: .*web-failed\.tar\.gz/)
    await closed(restore)
    await open(restore)
    await expectText(['Failed', 'read the backup and plan the waves', 'end the Restore as Failed', failureReason])
    await tab('Search Attributes')
    await expectText(['"DrydockOutcome": "failed"', '"DrydockPhase": "Failed"'])
    await tab('Queries')
    expect(JSON.parse(await ask('failures'))).toEqual([failureReason])
    await picture('failed')
  })

  it('tells what a completed one came to', async () => {
    const { restore, handle } = await pausedRestore('web-completed')
    await handle.signal(resumeSignal)
    await awaitRestore(cluster, 'web-completed', undefined, 240_000)
    await closed(restore)
    await open(restore)
    await expectText(['Completed', 'enter phase Completed', '"phase": "Completed"', `"items": ${total}`])
    await picture('completed')
    await tab('Search Attributes')
    await expectText(['"DrydockOutcome": "ok"', '"DrydockPhase": "Completed"'])
  })
})
