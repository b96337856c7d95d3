import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createDisplay } from '../../../client/show/display.ts'
import type { RestoreState } from '../../../client/api/restore-state.ts'
import { screenOf } from '../../kit/terminal-screen.ts'
import { waitUntil } from '../../kit/wait-until.ts'

const state = (more: Partial<RestoreState> = {}): RestoreState => ({
  name: 'r',
  phase: 'InProgress',
  over: false,
  wave: 3,
  waves: 4,
  itemsDone: 50,
  itemsTotal: 100,
  warnings: 0,
  errors: 0,
  ...more,
})

/** A stream that keeps what is written, with line ends as a kernel gives them to a terminal of so many columns. */
function terminal(columns: number) {
  let text = ''
  const write = (piece: Buffer, _encoding: string, done: () => void) => {
    text += piece.toString().replaceAll('\n', '\r\n')
    done()
  }
  return {
    stream: Object.assign(new Writable({ write }), { isTTY: true, columns }),
    screen: () => screenOf(text, columns),
  }
}

describe('the display on a terminal', () => {
  it('is one line', async () => {
    const { stream, screen } = terminal(81)
    const display = createDisplay(stream)
    display.show(state())
    display.show(state({ itemsDone: 60 }))
    await waitUntil(() => screen().lines.length > 0, 5000, 'the first redraw')
    expect(screen().lines).toEqual([expect.stringMatching(/^█+░+ InProgress wave 3\/4 60% {2}60\/100$/)])
    display.end()
    expect(screen().lines).toEqual([])
  })

  it('leaves a line for each phase that is over, also for one that ends with the restore', () => {
    const { stream, screen } = terminal(81)
    const display = createDisplay(stream)
    display.show(state())
    display.show(state({ phase: 'Finalizing', itemsDone: 100 }))
    display.show(state({ phase: 'Completed', over: true, itemsDone: 100 }))
    display.end()
    expect(screen().lines).toEqual(['InProgress is over', 'Finalizing is over'])
  })
})
