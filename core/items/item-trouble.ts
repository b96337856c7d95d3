import { isConflict, isTransient } from '../port-errors.ts'
import type { ApiError } from '../port-errors.ts'
import type { Message, Outcome, Parked } from './outcome.ts'

/**
 * What the API server's answer about one item calls for.
 * - `worker`: this worker has no valid Lease; not the item's trouble.
 * - `passing`: the same request may succeed soon: no answer, an overload, a conflict with another writer.
 * - `slow`: it did not end in its time; with the API server's own limit it may.
 * - `backend`: an admission or conversion webhook, or an aggregated API, does not answer; its pods may still start.
 * - `missing`: something that the object needs is not there yet; a later wave may bring it.
 * - `refused`: final; sending it again gets the same answer.
 */
export type AnswerKind = 'worker' | 'refused' | TroubleKind

/** Trouble for which an item is tried again. */
export type TroubleKind = 'passing' | 'slow' | 'backend' | 'missing'

/** Decides about an answer to a write of an item. Such refusals are told apart by the server's words: their codes differ. */
export function troubleOf(error: ApiError): AnswerKind {
  if (error.reason === 'NoLease') return 'worker'
  if (error.outOfTime) return 'slow'
  if (error.code === 429) return 'passing'
  if (backendWords.some((words) => stands(words, error.message))) return 'backend'
  if (missingWords.some((words) => stands(words, error.message))) return 'missing'
  return isTransient(error) || isConflict(error) ? 'passing' : 'refused'
}

/** Words of the server: an expression, or two texts of which the second follows the first, whatever stands between them. */
type Words = RegExp | readonly [first: string, second: string]

/** Each needs a time that grows with the length of the message alone: a webhook may say anything. */
function stands(words: Words, message: string): boolean {
  if (words instanceof RegExp) return words.test(message)
  const at = message.indexOf(words[0])
  return at !== -1 && message.indexOf(words[1], at + words[0].length) !== -1
}

const backendWords: readonly Words[] = [
  /failed calling webhook/,
  ['conversion webhook for ', ' failed'],
  /^the server is currently unable to handle the request/,
]

const missingWords: readonly Words[] = [
  /^the server could not find the requested resource/,
  /^namespaces "[^"]*" not found/,
  /error looking up service account/,
  ['no PriorityClass with name ', ' was found'],
  /storageclass(?:es)?\.storage\.k8s\.io "[^"]*" not found/,
  /exceeded quota/,
]

/** Whether messages about an item say that something it needs is not there, which a later wave may bring. */
export function lacksSomething(messages: readonly Message[]): boolean {
  return messages.some(({ text }) => missingWords.some((words) => stands(words, text)))
}

/** The pauses between the tries of one pass, in milliseconds, for trouble that may pass soon. */
const pausesMs: readonly number[] = [250, 500, 1000, 2000]

/**
 * Milliseconds until the next try in the same pass, after that many tries; undefined where the pass is over for the
 * item. What the server asks for (`Retry-After`) is obeyed, up to a minute.
 */
export function pauseBeforeNextTry(kind: TroubleKind, tries: number, retryAfterSeconds?: number): number | undefined {
  const pause = kind === 'passing' ? pausesMs[tries - 1] : undefined
  if (pause === undefined || retryAfterSeconds === undefined) return pause
  return Math.max(pause, Math.min(retryAfterSeconds, retryAfterSecondsMax) * 1000)
}

const retryAfterSecondsMax = 60

/** What a worker's owner and the Restore allow. */
export interface ChanceRules {
  /** Whether an item is tried again after its wave, and after all waves. */
  secondChances: boolean
  /** Seconds from the first failure until an item is given up. */
  deadlineSeconds: number
}

/** A backend that does not answer is waited for during this part of an item's deadline: its pods start, or never will. */
const backendPart = 0.25

/**
 * The outcome of an item that did not get through in a pass of its chunk (0: its wave, 1: after its wave, 2 and more:
 * after all waves): parked for the next pass, or final. What is missing is looked for in passes 1 and 2, and longer while
 * other items are tried that may bring it (`open`); other trouble until the deadline. A final error says how often and
 * until when the item was tried.
 */
export function afterPass(failed: FailedPass, rules: ChanceRules): Outcome {
  const { outcome, parked } = failed
  if (!rules.secondChances) return outcome
  if (!isGivenUp(failed, rules)) return { ...outcome, parked }
  const note = ` (tried ${parked.tries} times until ${outcome.at})`
  const last = outcome.messages.length - 1
  const messages = outcome.messages.map((message, index) =>
    index === last ? { ...message, text: `${message.text}${note}` } : message,
  )
  return { ...outcome, messages }
}

/** An item that did not get through in a pass. */
export interface FailedPass {
  outcome: Outcome
  kind: TroubleKind
  parked: Parked
  pass: number
  /** Items are parked for other reasons than that something is missing. */
  open?: boolean | undefined
}

function isGivenUp({ outcome, kind, parked, pass, open }: FailedPass, { deadlineSeconds }: ChanceRules): boolean {
  if (pass < 2) return false
  if (kind === 'missing' && open !== true) return true
  const ageSeconds = (Date.parse(outcome.at) - Date.parse(parked.since)) / 1000
  return ageSeconds >= (kind === 'backend' ? deadlineSeconds * backendPart : deadlineSeconds)
}

/**
 * What a manifest has done to the program, in words for whoever reads the results: JavaScript's own words name no field as
 * a user knows it. Words that are not JavaScript's stay as they are, one line of them.
 */
export function faultInWords(thrown: unknown): string {
  const [first = ''] = String(thrown instanceof Error ? thrown.message : thrown).split('\n')
  if (thrown instanceof RangeError && first === 'Maximum call stack size exceeded') return 'it is nested too deep'
  const field = fieldIn(first)
  if (field !== undefined) return `there is null or nothing where Drydock looks for ${JSON.stringify(field)}`
  if (thrown instanceof TypeError || / is not (?:a function|iterable)\b/.test(first))
    return 'a field holds a value of another type than expected'
  return first
}

/** How V8 says that a field was looked for in null or in nothing. */
const lookedFor = [
  /^Cannot read propert(?:y|ies) of (?:null|undefined) \(reading '([^']*)'\)/,
  /^Cannot set propert(?:y|ies) of (?:null|undefined) \(setting '([^']*)'\)/,
  /^Cannot use 'in' operator to search for '([^']*)' in /,
  /^Cannot destructure property '([^']*)' of /,
]

function fieldIn(words: string): string | undefined {
  for (const form of lookedFor) {
    const found = form.exec(words)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
