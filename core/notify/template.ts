import type { NoticeFacts } from './notice-facts.ts'
import { noticeNames } from './notice-facts.ts'

/** A notification whose strings may hold placeholders: `{{name}}`. */
export type Template = string | number | boolean | null | readonly Template[] | { readonly [key: string]: Template }

/** The longest template, in characters, and the deepest one. */
const textMax = 65_536
const depthMax = 50

/** Characters of a finished notification: of one that is longer, the texts in it are cut. */
const bodyMax = 262_144

/** What is sent where there is no template of the user. Chat programs show the `text`. */
export const defaultTemplate: Template = {
  text: '{{sentence}}',
  ...Object.fromEntries(noticeNames.map((name) => [name, `{{${name}}}`])),
}

/**
 * Reads a template: a JSON document of which the strings may hold placeholders. Returns what is wrong as the end of a sentence
 * that begins with the name of the file, such as `: it names the placeholder {{nme}}, which …`.
 */
export function parseTemplate(text: string): { template: Template } | { error: string } {
  if (text.length > textMax) return { error: `it is longer than ${textMax} characters` }
  let template: Template
  try {
    template = JSON.parse(text) as Template
  } catch (thrown) {
    return { error: `it is no JSON document${whereIn(thrown)}` }
  }
  const error = errorIn(template, [])
  return error === undefined ? { template } : { error }
}

/** What the parser says, without what it quotes: a template may hold a token. */
function whereIn(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : ''
  return message === '' ? '' : `: ${message.replace(/, (?:\.\.\.)?".*$/s, '')}`
}

/** `path` has the keys that lead there. */
function errorIn(template: Template, path: readonly string[]): string | undefined {
  if (path.length > depthMax) return `it is nested more than ${depthMax} levels deep`
  if (typeof template === 'string') return errorInText(template, path)
  if (typeof template !== 'object' || template === null) return undefined
  for (const [key, inner] of Object.entries(template) as [string, Template][]) {
    const inside = [...path, key]
    if (key.includes('{{')) return `the key ${placeOf(inside)} holds a placeholder: only values may`
    const error = errorIn(inner, inside)
    if (error !== undefined) return error
  }
  return undefined
}

const placeholder = /\{\{(.*?)\}\}/gs

function placeOf(path: readonly string[]): string {
  return `/${path.join('/')}`
}

function errorInText(text: string, path: readonly string[]): string | undefined {
  for (const [whole, name = ''] of text.matchAll(placeholder))
    if (nameOf(name) === undefined)
      return `it names the placeholder ${whole}, which is none of ${noticeNames.join(', ')}`
  return text.replace(placeholder, '').includes('{{') ? `at ${placeOf(path)} a placeholder has no end: }}` : undefined
}

function nameOf(text: string): keyof NoticeFacts | undefined {
  return noticeNames.find((name) => name === text.trim())
}

/**
 * Fills a template in. A string that is one placeholder alone becomes its value: a number, a list, null where there is none.
 * Inside of a longer text a list is joined by semicolons, and what there is not is empty.
 */
export function renderTemplate(template: Template, facts: NoticeFacts): string {
  const body = JSON.stringify(filled(template, facts, Infinity))
  return body.length <= bodyMax ? body : JSON.stringify(filled(template, facts, shortText))
}

/** Characters of a placeholder's text in a notification that would be too long. */
const shortText = 500

function filled(template: Template, facts: NoticeFacts, max: number): unknown {
  if (typeof template === 'string') return filledText(template, facts, max)
  if (Array.isArray(template)) return (template as readonly Template[]).map((inner) => filled(inner, facts, max))
  if (typeof template !== 'object' || template === null) return template
  const entries = Object.entries(template as Record<string, Template>)
  return Object.fromEntries(entries.map(([key, inner]) => [key, filled(inner, facts, max)]))
}

function filledText(text: string, facts: NoticeFacts, max: number): unknown {
  const alone = /^\{\{([^{}]*)\}\}$/.exec(text)?.[1]
  const name = alone === undefined ? undefined : nameOf(alone)
  if (name !== undefined) return shortened(facts[name], max)
  return text.replace(placeholder, (_whole, inner: string) => textOf(shortened(valueOf(facts, inner), max)))
}

function valueOf(facts: NoticeFacts, text: string): Value {
  const name = nameOf(text)
  return name === undefined ? null : facts[name]
}

type Value = NoticeFacts[keyof NoticeFacts]

function shortened(value: Value, max: number): Value {
  if (typeof value === 'string') return value.slice(0, max)
  return Array.isArray(value) ? (value as readonly string[]).map((text) => text.slice(0, max)) : value
}

function textOf(value: Value): string {
  if (value === null) return ''
  return Array.isArray(value) ? value.join('; ') : String(value)
}
