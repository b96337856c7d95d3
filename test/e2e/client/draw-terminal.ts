import type { Browser } from 'playwright-core'

/** One moment of a terminal, as it is to be drawn. */
export interface TerminalMoment {
  caption: string
  lines: readonly string[]
}

/** Draws terminals of so many columns one below the other, each with its caption, and writes the picture to a file. */
export async function drawTerminals(
  browser: Browser,
  moments: readonly TerminalMoment[],
  options: { columns: number; file: string },
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 400 }, deviceScaleFactor: 1.5 })
  try {
    const parts = moments.map(
      ({ caption, lines }) =>
        `<figure><figcaption>${escaped(caption)}</figcaption><pre>${escaped(lines.join('\n'))}</pre></figure>`,
    )
    await page.setContent(`<style>${style(options.columns)}</style><main>${parts.join('')}</main>`)
    await page.locator('main').screenshot({ path: options.file })
  } finally {
    await page.close()
  }
}

const style = (columns: number): string => `
  body { margin: 0 }
  main { display: inline-block; padding: 16px 20px; background: #f4f5f7 }
  figure { margin: 0 0 14px } figure:last-child { margin: 0 }
  figcaption { font: 13px sans-serif; color: #444; margin: 0 0 4px 2px }
  pre { margin: 0; padding: 12px 14px; width: ${columns}ch; min-height: 1.35em; border-radius: 6px;
        font: 14px/1.35 'DejaVu Sans Mono', Menlo, Consolas, monospace; background: #16181d; color: #e4e6ea }
`

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
