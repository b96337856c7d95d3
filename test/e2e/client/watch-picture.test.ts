import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { webBackup } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient, startClient } from '../../kit/client.ts'
import type { TestClient } from '../../kit/client.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import { drawTerminals } from './draw-terminal.ts'
import { screenOf, untilRedrawn } from '../../kit/terminal-screen.ts'
import type { TerminalScreen } from '../../kit/terminal-screen.ts'
import { findChromium, openBrowser } from './web-ui-browser.ts'

const executable = findChromium()
const name = 'nightly-again'
const wide = 100
const narrow = 40

const runs = /^█+░+ InProgress wave \d\/4 [3-7]\d%  \d+ (?:s|min) left  \d+\/2002  \d+\/s  (?:secrets|configmaps)$/
const waits = /^█+░+ InProgress wave \d\/4 \d+%  waiting: resume: paused disk is full  \d+\/2002/
const pausedWords = 'waiting: resume: paused disk is full'
const sentence =
  /^\d\d:\d\d:\d\d InProgress, wave \d\/4 (?:secrets|configmaps), \d+ of 2002 items, \d+\/s, \d+ (?:s|min) left$/m

/** The last line of the terminal as it stands now. */
const lastLine = (client: TestClient, columns: number) =>
  screenOf(untilRedrawn(client.out()), columns).lines.at(-1) ?? ''

async function awaitLine(client: TestClient, columns: number, wanted: RegExp): Promise<TerminalScreen> {
  const stands = () => wanted.test(lastLine(client, columns))
  await waitUntil(stands, 120_000, String(wanted)).catch((error: unknown) => {
    throw new Error(`${String(error)}; the last line is "${lastLine(client, columns)}"`, { cause: error })
  })
  return screenOf(untilRedrawn(client.out()), columns)
}

describe('drydock watch', () => {
  let onWide: TestClient
  let onNarrow: TestClient
  let onPipe: TestClient
  let running: TerminalScreen
  let paused: TerminalScreen

  beforeAll(async () => {
    const cluster = await freshCluster({ backups: [] })
    await putBackup(cluster, webBackup('nightly', 1000))
    // Slow enough for three who watch: the rate needs seconds to be known.
    await startWorker(cluster, { DRYDOCK_ITEMS_IN_FLIGHT: '1', DRYDOCK_CHUNKS_MAX: '1' })
    await createRestore(cluster, { name, spec: { backupName: 'nightly' } })
    onWide = startClient(cluster, ['watch', name], { columns: wide })
    onNarrow = startClient(cluster, ['watch', name], { columns: narrow })
    onPipe = startClient(cluster, ['watch', name])
    running = await awaitLine(onWide, wide, runs)
    await waitUntil(() => sentence.test(onPipe.out()), 60_000, 'a sentence with the rate')
    await runClient(cluster, ['pause', name, '--reason', 'disk is full'])
    paused = await awaitLine(onWide, wide, waits)
    await awaitLine(onNarrow, narrow, /waiting: res.*…$/)
    // Lines are told a second apart.
    await waitUntil(() => onPipe.out().includes(pausedWords), 60_000, 'the sentence about the pause')
    await runClient(cluster, ['resume', name])
    await Promise.all([onWide.ended, onNarrow.ended, onPipe.ended])
  })

  it('shows phase, wave, part, time left, items, rate and kind in one line of a terminal, then what is waited for', () => {
    expect(running.lines.at(-1)).toMatch(runs)
    expect(paused.lines.at(-1)).toMatch(waits)
    expect(running.lines.length).toBeLessThanOrEqual(2)
    for (const screen of [running, paused]) expect(screen).toMatchObject({ wrapped: 0, lost: 0 })
  })

  it('leaves the terminal with the phases that went by and the outcome, and ends with 0', async () => {
    const { lines } = screenOf(onWide.out(), wide)
    expect(lines.at(-1)).toMatch(/^Restore "nightly-again" Completed: 2002 items, 0 warnings, 0 errors, /)
    expect(lines.slice(0, -1)).toContain('InProgress is over')
    expect(lines.join('\n')).not.toMatch(/[█░]/)
    expect(onWide.out()).toContain('\u001b[?25h')
    expect(await onWide.ended).toBe(0)
  })

  it('fits into 40 columns: no line wraps and none loses its end', () => {
    const display = untilRedrawn(onNarrow.out())
    expect(display.length).toBeGreaterThan(1000)
    expect(screenOf(display, narrow)).toMatchObject({ wrapped: 0, lost: 0 })
    expect(screenOf(display, 20).lost).toBeGreaterThan(0)
  })

  it('prints lines where there is no terminal', () => {
    const lines = onPipe.out().trimEnd().split('\n')
    for (const mark of ['\u001b', '\r']) expect(onPipe.out()).not.toContain(mark)
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^\d\d:\d\d:\d\d [A-Z]\w+/)
    expect(onPipe.out()).toMatch(sentence)
    expect(onPipe.out()).toContain(pausedWords)
    expect(lines.at(-1)).toMatch(/^Restore "nightly-again" Completed: /)
  })

  it.skipIf(isMissing('chromium', executable !== undefined))('is pictured in docs/images', async () => {
    const browser = await openBrowser(executable ?? '')
    try {
      const prompt = `$ drydock watch ${name}`
      await drawTerminals(
        browser,
        [
          { caption: 'while it runs', lines: [prompt, ...running.lines] },
          { caption: 'while it waits', lines: [prompt, ...paused.lines] },
          { caption: 'when it is over', lines: [prompt, ...screenOf(onWide.out(), wide).lines] },
        ],
        { columns: wide, file: fileURLToPath(new URL('../../../docs/images/watch.png', import.meta.url)) },
      )
    } finally {
      await browser.close()
    }
  })
})
