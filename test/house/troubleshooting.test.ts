import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { messagesIn } from './messages.ts'
import type { FoundMessage } from './messages.ts'

/** Which functions get the messages that users read, by the files in which they are called. */
const sources: readonly { files: string; functions: readonly string[] }[] = [
  { files: 'core/doctor/*.ts', functions: ['finding'] },
  { files: 'client/api/doctor/*.ts', functions: ['finding'] },
  { files: 'client/**/*.ts', functions: ['new ClientError'] },
  { files: 'activities/**/*.ts', functions: ['fatal', 'journalDamaged', 'gone'] },
]

/** Texts that are assembled in a file, and not handed to a function: their pieces have to stand in it. */
const inPlace = [
  'core/volumes/in-place.ts',
  'activities/finalize/put-back-volumes.ts',
  'activities/volumes/make-way.ts',
]

const page = readFileSync('docs/troubleshooting.md', 'utf8').replaceAll('\\|', '|')
const plain = (text: string) => text.replaceAll('`', '').replaceAll(/\s+/g, ' ')

const found = sources.flatMap(({ files, functions }) =>
  globSync(files).flatMap((file) => messagesIn(readFileSync(file, 'utf8'), file, functions)),
)

it('the page on troubleshooting has each message of doctor, of the command line and of failed restores', () => {
  expect(found.length).toBeGreaterThan(60)
  const missing = found.filter((message) => saysSomething(message) && !plain(page).includes(plain(message.text)))
  expect(missing).toEqual([])
})

it('the page on troubleshooting has no message that Drydock does not say', () => {
  const known = new Set(found.map(({ text }) => plain(text)))
  const assembled = inPlace.map((file) => readFileSync(file, 'utf8')).join('\n')
  const isAssembled = (text: string) =>
    text.split('…').every((piece) => piece.split(/(?<=existing) /).every((part) => assembled.includes(part.trim())))
  const listed = [...page.matchAll(/^\| `(.*?)` +\|/gm)].map(([, text = '']) => text)
  expect(listed.length).toBeGreaterThan(60)
  expect(listed.filter((text) => !known.has(plain(text)) && !isAssembled(text))).toEqual([])
})

it('texts are found in calls, with what is filled in left out', () => {
  const source = "x(a, `of ${b(`${c}`)}: ` +\n 'that', f('not this')); x(is ? 'one' : \"two's\")"
  expect(messagesIn(source, 'f', ['x']).map(({ text }) => text)).toEqual(['of …: that', 'one', "two's"])
})

/** Three words or more: others only put together what is said elsewhere. */
function saysSomething({ text }: FoundMessage): boolean {
  return (text.match(/[A-Za-z]{2,}/g) ?? []).length >= 3
}
