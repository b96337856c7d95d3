import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { isExecutable, placesOnPath } from '../../../infra/programs.ts'

/** The Chromium of this machine: `DRYDOCK_CHROMIUM`, or one on PATH. Tests install none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const asked = env['DRYDOCK_CHROMIUM']
  if (asked !== undefined && asked !== '') return asked
  return placesOnPath(['chromium', 'chromium-browser', 'google-chrome'], env['PATH']).find(isExecutable)
}

/** Starts it without a screen, and without anything that would reach out of this machine. */
export function openBrowser(executablePath: string): Promise<Browser> {
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update']
  return chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
  })
}

/** All text of a page: the Web UI shows Markdown in frames of their own. */
export async function textOf(page: Page): Promise<string> {
  const texts = await Promise.all(
    page.frames().map((frame) =>
      frame
        .locator('body')
        .innerText({ timeout: 2000 })
        .catch(() => ''),
    ),
  )
  return texts.join('\n')
}
