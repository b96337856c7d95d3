import { globSync } from 'node:fs'
import { expect, it } from 'vitest'
import { remarksReason } from '../../velero/labels.ts'
import { allTextsIn, messagesIn, textsAfter } from './messages.ts'
import type { FoundMessage } from './messages.ts'
import { textOf } from './source-files.ts'

/** Which functions get the messages that users read, by the files in which they are called. */
const sources: readonly { files: string; functions: readonly string[] }[] = [
  { files: 'core/doctor/*.ts', functions: ['finding'] },
  { files: 'client/api/doctor/*.ts', functions: ['finding'] },
  { files: 'client/**/*.ts', functions: ['new ClientError'] },
  { files: 'activities/**/*.ts', functions: ['fatal', 'journalDamaged', 'gone', 'notDelivered'] },
  { files: '{core,activities}/**/*.ts', functions: ['error', 'warning', 'warn'] },
  { files: 'activities/undo/admit-undo.ts', functions: ['refused', 'cannot'] },
  { files: 'activities/finalize/validate.ts', functions: ['say', 'finding'] },
]

/** Files whose texts are sentences for users, all of them: those of FailedValidation, of a refused retry, of hooks. */
const sentences = [
  'core/request/{admit-request,hook-faults,look-at-location,decide-retry}.ts',
  'core/undo/undo-state.ts',
  'core/asked/{acting-user,annotations,existing}.ts',
  'core/hooks/pod-hooks.ts',
]

/** Texts by what stands before them. */
const before: readonly { files: string; words: RegExp }[] = [
  { files: 'activities/admit/await-location.ts', words: /problems: \[/g },
  { files: 'core/finalize/decide-volume-patch.ts', words: /problem(?::| =)\s+/g },
  { files: 'activities/items/prepare-asking.ts', words: /return (?=['`]it)/g },
  { files: 'core/items/prepare-item.ts', words: /remark: /g },
  { files: 'core/results/render-log.ts', words: /return \[(?=`Nothing)/g },
  { files: 'client/cli/commands/**/*.ts', words: /unanswered: /g },
  { files: 'core/preview/compare-with-plan.ts', words: /return /g },
  { files: 'activities/preview/keep-plan.ts', words: /return \[/g },
]

/** Files that record Events; their reasons and notes are on the page too. */
const eventFiles = globSync('{activities,velero-server}/**/*.ts').filter((file) =>
  /\brecordEvent(?:On)?\(/.test(textOf(file)),
)

/** Texts that are assembled in a file, and not handed to a function: their pieces have to stand in it. */
const inPlace = [
  'activities/frame/acting-as.ts',
  'core/asked/restore-policy.ts',
  'core/volumes/in-place.ts',
  'activities/finalize/put-back-volumes.ts',
  'activities/volumes/make-way.ts',
  'activities/finalize/scale-workloads.ts',
  'core/items/zero-replicas.ts',
  'activities/finalize/relink-owners.ts',
  'core/owners/link-owners.ts',
  'core/workloads/scale-back.ts',
]

const page = textOf('docs/troubleshooting.md').replaceAll('\\|', '|')
const plain = (text: string) => text.replaceAll('`', '').replaceAll(/\s+/g, ' ')

const found = [
  ...sources.flatMap(({ files, functions }) =>
    globSync(files).flatMap((file) => messagesIn(textOf(file), file, functions)),
  ),
  ...sentences.flatMap((files) => globSync(files).flatMap((file) => allTextsIn(textOf(file), file).filter(isSentence))),
  ...before.flatMap(({ files, words }) => globSync(files).flatMap((file) => textsAfter(textOf(file), file, words))),
  ...eventFiles.flatMap((file) => textsAfter(textOf(file), file, /\bnote(?::| =) /g)),
]

const reasons = [
  remarksReason,
  ...eventFiles.flatMap((file) => [...textOf(file).matchAll(/\breason: '(\w+)'/g)].map(([, reason = '']) => reason)),
]

it('the page on troubleshooting has each message of doctor, of the command line and of failed restores', () => {
  expect(found.length).toBeGreaterThan(60)
  const missing = found.filter((message) => saysSomething(message) && !plain(page).includes(plain(message.text)))
  expect(missing).toEqual([])
})

it('the page on troubleshooting has the reason of each Event', () => {
  expect(reasons).toContain('NotTaken')
  expect(reasons.filter((reason) => !page.includes(`| \`${reason}\``))).toEqual([])
})

it('the page on troubleshooting has no message that Drydock does not say', () => {
  const known = new Set([...found.map(({ text }) => plain(text)), ...reasons])
  const assembled = inPlace.map((file) => textOf(file)).join('\n')
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

/** No key of Kubernetes, and nothing that is written for docs/annotations.md. */
function isSentence({ text }: FoundMessage): boolean {
  return / .* /.test(text) && !text.startsWith('`') && text !== 'set by Drydock'
}

/** Three words or more: others only put together what is said elsewhere. */
function saysSomething({ text }: FoundMessage): boolean {
  return (text.match(/[A-Za-z]{2,}/g) ?? []).length >= 3
}
