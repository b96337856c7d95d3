import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'

/** The Chromium of this machine: `DRYDOCK_CHROMIUM`, or one on PATH. Tests install none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const asked = env['DRYDOCK_CHROMIUM']
  if (asked !== undefined && asked !== '') return asked
  const folders = (env['PATH'] ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
