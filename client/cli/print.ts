import { stringify } from 'yaml'
import type { Io } from './io.ts'

/** How results are printed: for people, or for programs. */
export const outputFormats = ['table', 'json', 'yaml'] as const

/** One of them. */
export type OutputFormat = (typeof outputFormats)[number]

/** Prints a result: the value itself for programs, the text made of it for people. */
export function print(io: Io, format: OutputFormat, value: object, text: () => string): void {
  io.out.write(`${render(format, value, text)}\n`)
}

function render(format: OutputFormat, value: object, text: () => string): string {
  switch (format) {
    case 'table':
      return text()
    case 'json':
      return JSON.stringify(value, null, 2)
    case 'yaml':
      return stringify(value).trimEnd()
  }
}
