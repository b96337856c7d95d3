import { fileURLToPath } from 'node:url'
import { drawTerminals } from './draw-terminal.ts'
import type { TerminalMoment } from './draw-terminal.ts'
import { findChromium, openBrowser } from './web-ui-browser.ts'

const executable = findChromium()

/** Whether pictures can be drawn here: a test asks `isMissing('chromium', canDraw)`. */
export const canDraw = executable !== undefined

const fileOf = (name: string) => fileURLToPath(new URL(`../../../docs/images/${name}.png`, import.meta.url))

/** Draws the beginning of an HTML page as docs/images/<name>.png. */
export async function drawPage(name: string, html: string): Promise<void> {
  const browser = await openBrowser(executable ?? '')
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 720 }, colorScheme: 'light' })
    await page.setContent(html)
    await page.screenshot({ path: fileOf(name) })
  } finally {
    await browser.close()
  }
}

/** A command of `drydock` and what it has printed; a line that is too long for so many columns is cut off. */
export function commandShown(argv: readonly string[], out: string, columns: number): TerminalMoment {
  const cutOff = (line: string) => (line.length > columns - 2 ? `${line.slice(0, columns - 3)}…` : line)
  return { caption: '', lines: [`$ drydock ${argv.join(' ')}`, ...out.trimEnd().split('\n')].map(cutOff) }
}

/** Draws commands with what they have printed as docs/images/<name>.png. */
export async function drawCommands(name: string, columns: number, moments: readonly TerminalMoment[]): Promise<void> {
  const browser = await openBrowser(executable ?? '')
  try {
    await drawTerminals(browser, moments, { columns, file: fileOf(name) })
  } finally {
    await browser.close()
  }
}
