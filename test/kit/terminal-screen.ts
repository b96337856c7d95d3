/** What stands on a terminal. */
export interface TerminalScreen {
  /** Without blanks at the ends, down to the last line that holds anything. */
  lines: string[]
  /** Lines that went on in the next one, because the terminal was too narrow. */
  wrapped: number
  /** Characters that found no place at the right edge. */
  lost: number
}

// oxlint-disable-next-line no-control-regex -- terminals are told what to do by control characters
const piece = /\u001b\[(\??)(\d*)([A-Za-z])|[\r\n]|[^\u001b\r\n]|(\u001b)/gu
// oxlint-disable-next-line no-control-regex -- terminals are told what to do by control characters
const unfinished = /\u001b(?:\[\??\d*)?$/

/**
 * What a program that has written this to a terminal of so many columns has left there. It knows the few sequences that
 * a line which changes in place needs; any other is an error, so that nothing is passed over in silence.
 */
export function screenOf(output: string, columns: number): TerminalScreen {
  const screen = new Screen(columns)
  for (const [whole, mark, argument, letter, stray] of output.replace(unfinished, '').matchAll(piece)) {
    if (stray !== undefined) throw new Error('the terminal is given a sequence that this screen does not know')
    if (letter === undefined) screen.put(whole)
    else if (mark === '?') screen.setMode(Number(argument), letter)
    else screen.move(argument === undefined || argument === '' ? undefined : Number(argument), letter)
  }
  return screen.seen()
}

/** The output up to the end of its last redraw: one that is under way leaves a line half old and half new. */
export function untilRedrawn(output: string): string {
  return output.slice(0, output.lastIndexOf(lineEnd) + lineEnd.length)
}

const lineEnd = '\u001b[0K'

class Screen {
  private readonly columns: number
  private readonly rows: string[][] = []
  private row = 0
  private column = 0
  private wraps = true
  private wrapped = 0
  private lost = 0

  constructor(columns: number) {
    this.columns = columns
  }

  put(character: string): void {
    if (character === '\r') this.column = 0
    else if (character === '\n') this.row++
    else this.print(character)
  }

  setMode(mode: number, letter: string): void {
    const isCursor = mode === 25
    if (mode === 7) this.wraps = letter === 'h'
    else if (!isCursor) throw new Error(`mode ${mode} of the terminal is not known here`)
  }

  move(argument: number | undefined, letter: string): void {
    switch (`${letter}${letter === 'A' || letter === 'G' ? '' : (argument ?? 0)}`) {
      case 'A':
        this.row = Math.max(0, this.row - (argument ?? 1))
        return
      case 'G':
        this.column = (argument ?? 1) - 1
        return
      case 'K0':
        this.line().splice(this.column)
        return
      case 'K2':
        this.line().splice(0)
        return
      case 'J0':
        this.line().splice(this.column)
        this.rows.splice(this.row + 1)
        return
      default:
        throw new Error(`the sequence ${argument ?? ''}${letter} is not known here`)
    }
  }

  seen(): TerminalScreen {
    const lines = Array.from(this.rows, (row) =>
      Array.from(row ?? [], (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
    while (lines.at(-1) === '') lines.pop()
    return { lines, wrapped: this.wrapped, lost: this.lost }
  }

  private print(character: string): void {
    if (this.column >= this.columns) this.goOn()
    this.line()[this.column++] = character
  }

  /** At the right edge: on to the next line, or over and over in the last column. */
  private goOn(): void {
    if (this.wraps) {
      this.wrapped++
      this.row++
      this.column = 0
    } else {
      this.lost++
      this.column = this.columns - 1
    }
  }

  private line(): string[] {
    return (this.rows[this.row] ??= [])
  }
}
