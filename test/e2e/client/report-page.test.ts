import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/items/outcome.ts'
import { reportFactsInSteps } from '../../../core/report/report-facts.ts'
import { reportInPieces } from '../../../core/report/render-report.ts'
import type { TimelineEntry } from '../../../core/report/timeline.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import { finish } from '../../../core/values/slices.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { findChromium, openBrowser } from './web-ui-browser.ts'

const executable = findChromium()
const startedMs = Date.parse('2026-01-01T03:00:00Z')
const at = (seconds: number) => new Date(startedMs + seconds * 1000).toISOString()
const hostile = '"><script>document.title = "owned"</script>\u202egnp.exe'

describe.skipIf(isMissing('chromium', executable !== undefined))('the report of 100,000 items in a browser', () => {
  let browser: Browser
  let page: Page
  let folder: string
  const troubles: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-report-'))
    const file = join(folder, 'report.html')
    await writeFile(file, [...reportInPieces(finish(reportFactsInSteps(tallyOf(outcomes()), restore, timeline)))])
    expect((await stat(file)).size).toBeLessThan(20_000_000)
    browser = await openBrowser(executable ?? '')
    page = await browser.newPage({ viewport: { width: 1200, height: 900 }, colorScheme: 'light' })
    page.setDefaultTimeout(60_000)
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
    page.on('request', (request) => request.url().startsWith('file:') || troubles.push(`asks for ${request.url()}`))
    await page.goto(pathToFileURL(file).href)
  })

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('says what happened, and what to do about the largest group of failures', async () => {
    expect(await page.locator('h1').innerText()).toBe('Restore nightly-20260101')
    expect(await page.locator('.verdict').innerText()).toContain('ended as PartiallyFailed after 12 min 5 s')
    const first = page.locator('#errors details').first()
    expect(await first.innerText()).toMatch(/^40 ×[^]*Raise the quota of the namespace/)
    await screenshot('report-light')
  })

  it('is read and used by the keyboard: a link skips to the content, groups open and close', async () => {
    await page.keyboard.press('Tab')
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    const group = page.locator('#warnings details').first()
    await group.locator('summary').focus()
    await page.keyboard.press('Enter')
    expect(await group.getAttribute('open')).not.toBeNull()
  })

  it('finds one item among all, by name, kind, namespace and end', async () => {
    expect(await page.locator('#found').innerText()).toBe('100000 of 100000 items match, page 1 of 500')
    await page.getByLabel('Namespace or name has').fill('item-77777')
    expect(await page.locator('#rows tr').allInnerTexts()).toHaveLength(1)
    expect(await page.locator('#rows').innerText()).toContain('item-77777')
    await page.getByLabel('Namespace or name has').fill('')
    await page.getByLabel('Came to be').selectOption('failed')
    expect(await page.locator('#found').innerText()).toBe('41 of 100000 items match, page 1 of 1')
    await page.getByLabel('Came to be').selectOption('all')
    await page.locator('#kind').selectOption('v1/Secret')
    expect(await page.locator('#found').innerText()).toMatch(/^50000 of 100000/)
    await page.getByRole('button', { name: 'Next page' }).click()
    expect(await page.locator('#found').innerText()).toMatch(/page 2 of 250$/)
    expect(await page.locator('#rows tr').count()).toBe(200)
    await page.locator('#kind').selectOption('all')
  })

  it('shows hostile names as text', async () => {
    await page.getByLabel('Namespace or name has').fill('owned')
    expect(await page.locator('#rows tr').first().innerText()).toContain(String.raw`\u{202e}gnp.exe`)
    expect(await page.title()).toBe('Restore nightly-20260101: PartiallyFailed')
    await page.getByLabel('Namespace or name has').fill('')
  })

  it('is dark where the reader wants that, and prints', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).toBe('rgb(13, 17, 23)')
    await page.evaluate('scrollTo(0, 0)')
    await screenshot('report-dark')
    await page.emulateMedia({ colorScheme: 'light', media: 'print' })
    expect(await page.getByRole('button', { name: 'Next page' }).isVisible()).toBe(false)
  })

  it('asks for nothing from anywhere, and has no error', () => expect(troubles).toEqual([]))

  const screenshot = (name: string) =>
    page.screenshot({ path: fileURLToPath(new URL(`../../../docs/images/${name}.png`, import.meta.url)) })
})

const restore = {
  namespace: 'velero',
  name: 'nightly-20260101',
  backup: 'nightly',
  schedule: 'nightly',
  phase: 'PartiallyFailed',
  startedAt: at(0),
  endedAt: at(725),
  hooks: { attempted: 12, failed: 1 },
}

const timeline: readonly TimelineEntry[] = [
  ['phase', 'InProgress', 0, 640],
  ['wave', 'namespaces', 2, 5],
  ['wave', 'secrets', 5, 310],
  ['wait', 'namespace shop-7 to be gone: its finalizer kubernetes holds it', 120, 205],
  ['wave', 'configmaps', 310, 640],
  ['phase', 'FinalizingPartiallyFailed', 640, 725],
  ['task', 'wait for the hooks', 641, 700],
  ['task', 'check the restored objects again', 700, 724],
].map(([kind, text, from, to]) => ({
  kind: kind as TimelineEntry['kind'],
  text: String(text),
  atMs: startedMs + Number(from) * 1000,
  untilMs: startedMs + Number(to) * 1000,
}))

function* outcomes(): Generator<Outcome> {
  for (let index = 0; index < 99_999; index++) {
    const kind = index % 2 === 0 ? 'Secret' : 'ConfigMap'
    yield outcomeOf(kind, `item-${index}`, index)
  }
  yield {
    ...outcomeOf('ConfigMap', hostile, 99_999),
    action: 'failed',
    messages: [
      { severity: 'error', scope: 'namespace:shop-9', text: `error restoring configmaps/shop-9/${hostile}: no` },
    ],
  }
  const text = 'pods "web-0" in namespace "shop-3" are not ready: ImagePullBackOff'
  yield { key: 'finalize/validate', messages: [{ severity: 'warning', scope: 'velero', text }], at: at(724) }
}

function outcomeOf(kind: string, name: string, index: number): Outcome {
  const namespace = `shop-${index % 40}`
  const resource = `${kind.toLowerCase()}s`
  const plain = {
    key: `${resource}|${namespace}|${name}`,
    listed: { kind: `v1/${kind}`, name: `${namespace}/${name}` },
    at: at(5 + Math.floor(index / 160)),
  }
  if (index % 2500 === 1) {
    const text = `error restoring ${resource}/${namespace}/${name}: ${resource} "${name}" is forbidden: exceeded quota: small, requested: count/${resource}=1, used: ${index}`
    return {
      ...plain,
      action: 'failed',
      tries: 3,
      messages: [{ severity: 'error', scope: `namespace:${namespace}`, text }],
    }
  }
  if (index % 5000 === 2) {
    const text = `could not restore, ${kind} "${name}" already exists. Warning: the in-cluster version is different than the backed-up version`
    return { ...plain, action: 'skipped', messages: [{ severity: 'warning', scope: `namespace:${namespace}`, text }] }
  }
  return { ...plain, action: 'created', messages: [] }
}
