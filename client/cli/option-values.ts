import { InvalidArgumentError } from 'commander'
import { parseGoDuration } from '../../core/values/go-duration.ts'

/** Names separated by commas; the option may be given several times. */
export function list(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((part) => part.trim())].filter((part) => part !== '')
}

/** Pairs such as `a=b,c=d`; the option may be given several times. */
export function pairs(separator: '=' | ':') {
  return (text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const read = list(text).map((part): [string, string] => {
      const cut = part.indexOf(separator)
      if (cut <= 0) throw new InvalidArgumentError(`${JSON.stringify(part)} is no pair name${separator}value.`)
      return [part.slice(0, cut), part.slice(cut + 1)]
    })
    return { ...before, ...Object.fromEntries(read) }
  }
}

/** `true` or `false`, in the spellings that Go takes. */
export function truth(text: string): boolean {
  if (['true', 'TRUE', 'True', 't', 'T', '1'].includes(text)) return true
  if (['false', 'FALSE', 'False', 'f', 'F', '0'].includes(text)) return false
  throw new InvalidArgumentError('It takes true or false.')
}

/** One of a few words. */
export function oneOf(...words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text
    throw new InvalidArgumentError(`It takes one of ${words.join(', ')}.`)
  }
}

/** A whole number that is not negative. */
export function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It takes a whole number from 0.')
}

/** A duration in Go's syntax, kept as it is written. */
export function duration(text: string): string {
  try {
    if (parseGoDuration(text) >= 0) return text
  } catch {
    // The same answer as to a negative one.
  }
  throw new InvalidArgumentError('It takes a duration such as 4h or 1h30m.')
}

/** A name as Kubernetes takes it for a Restore. */
export function objectName(text: string): string {
  if (text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('It takes small letters, digits, "-" and ".", up to 253 of them.')
}

/** Wraps a parser whose own errors are texts for the user. */
export function readBy<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (thrown) {
      throw new InvalidArgumentError(`${thrown instanceof Error ? thrown.message : String(thrown)}.`)
    }
  }
}
