import { readdirSync, readFileSync } from 'node:fs'
import type { Dice } from '../chance.ts'
import { wildValue, withWildValues } from './wild.ts'

/** An event of a recorded history, as its JSON has it. */
interface RecordedEvent {
  eventId: string
  eventType: string
  eventTime: string
  taskId?: string
  [attributes: string]: unknown
}

/** A history that nobody recorded, and what was changed in it. */
export interface Crafted {
  /** The recorded one. */
  from: string
  changed: readonly string[]
  /** The type of the workflow, and its run. */
  type: string
  runId: string
  /** Only what people may send was changed: the input, and signals. */
  byPeople: boolean
  json: { events: readonly RecordedEvent[] }
}

interface Started {
  workflowType: { name: string }
  originalExecutionRunId: string
}

interface JsonPayload {
  metadata: { encoding: string }
  data?: string
}

const folder = new URL('../../histories/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
const recorded = new Map<string, readonly RecordedEvent[]>()

function eventsOf(name: string): readonly RecordedEvent[] {
  const known = recorded.get(name)
  if (known !== undefined) return known
  const { events } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { events: RecordedEvent[] }
  recorded.set(name, events)
  return events
}

/** The signals of all workflows; each gets those of the others too. */
const signals = [
  'cancel',
  'pause',
  'resume',
  'look',
  'swept',
  'locks',
  'request',
  'release',
  'widen',
  'withdraw',
  'no such signal',
  '__proto__',
  '__temporal_reserved',
]

/**
 * A recorded history with other values in its input, its signals or what activities came to, and with signals that nobody sent.
 * Most end with a task in which the workflow reads what was changed: what it does then is compared with nothing. The others
 * are whole, so that a workflow that goes another way is refused.
 */
export function craftHistory(dice: Dice): Crafted {
  const from = dice.oneOf(names)
  const all = structuredClone(eventsOf(from)) as RecordedEvent[]
  const starts = all.flatMap(({ eventType }, at) => (eventType === 'EVENT_TYPE_WORKFLOW_TASK_STARTED' ? [at] : []))
  const end = dice.oneOf(starts)
  const isWhole = dice.below(5) === 0
  const begin = all.findLastIndex(({ eventType }, at) => at < end && eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED')
  const changed: string[] = []
  let byPeople = true
  const started = all[0]?.['workflowExecutionStartedEventAttributes'] as Started
  const last = all.slice(Math.max(0, begin), end + 1).filter(hasValues)
  const isSignalled = last.length === 0 || dice.below(2) === 0
  if (last.length > 0 && (!isSignalled || dice.below(2) === 0)) {
    const event = dice.oneOf(last)
    changed.push(`${event.eventType} ${event.eventId}`)
    byPeople = /_EXECUTION_(STARTED|SIGNALED)$/.test(event.eventType)
    changeValues(event, dice)
  }
  const events = isWhole ? all : all.slice(0, end + 1)
  const crafted = { from, changed, type: started.workflowType.name, runId: started.originalExecutionRunId, byPeople }
  if (!isSignalled) return { ...crafted, json: { events } }
  const scheduled = events.findLastIndex(
    ({ eventType }, at) => at < end && eventType === 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED',
  )
  const sent = Array.from({ length: 1 + dice.below(3) }, () => sentBySomebody(dice))
  changed.push(...sent.map(({ what }) => what))
  return { ...crafted, json: { events: inserted(events, scheduled, sent) } }
}

function hasValues({ eventType }: RecordedEvent): boolean {
  return /_(EXECUTION_STARTED|EXECUTION_SIGNALED|ACTIVITY_TASK_COMPLETED|ACTIVITY_TASK_FAILED|CHILD_WORKFLOW_EXECUTION_COMPLETED)$/.test(
    eventType,
  )
}

/** A signal that nobody sent, or a cancel in the Web UI. */
function sentBySomebody(dice: Dice): { what: string; type: string; attributes: object } {
  if (dice.below(8) === 0)
    return {
      what: 'cancel',
      type: 'WORKFLOW_EXECUTION_CANCEL_REQUESTED',
      attributes: { cause: 'by hand', identity: 'somebody' },
    }
  const signalName = dice.oneOf(signals)
  const values = Array.from({ length: dice.below(3) }, () => wildValue(dice))
  return {
    what: `signal ${signalName}(${JSON.stringify(values).slice(0, 200)})`,
    type: 'WORKFLOW_EXECUTION_SIGNALED',
    attributes: {
      signalName,
      identity: 'somebody',
      header: {},
      ...(values.length === 0 ? {} : { input: { payloads: values.map(payloadOf) } }),
    },
  }
}

/** Puts events before one, and counts those after them on. */
function inserted(
  events: readonly RecordedEvent[],
  before: number,
  more: readonly { type: string; attributes: object }[],
): RecordedEvent[] {
  const first = Number(events[before]?.eventId)
  const later = (id: unknown) => (Number(id) >= first ? String(Number(id) + more.length) : String(id))
  const counted = events.map((event) => {
    const moved = Object.entries(event).map(([key, attributes]) => {
      if (!key.endsWith('EventAttributes')) return [key, attributes]
      const fields = Object.entries(attributes as object).map(([name, value]) =>
        name.endsWith('EventId') ? [name, later(value)] : [name, value as unknown],
      )
      return [key, Object.fromEntries(fields)]
    })
    return { ...(Object.fromEntries(moved) as RecordedEvent), eventId: later(event.eventId) }
  })
  const made = more.map(({ type, attributes }, at): RecordedEvent => {
    const words = type.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    return {
      eventId: String(first + at),
      eventTime: events[before]?.eventTime ?? '',
      eventType: `EVENT_TYPE_${type}`,
      [`${words}EventAttributes`]: attributes,
    }
  })
  return [...counted.slice(0, before), ...made, ...counted.slice(before)]
}

function payloadOf(value: unknown): JsonPayload {
  const text = value === undefined ? undefined : JSON.stringify(value)
  if (text === undefined) return { metadata: { encoding: base64('binary/null') } }
  return { metadata: { encoding: base64('json/plain') }, data: base64(text) }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Changes the values of an event: those of its input, its result, or the details of its failure. */
function changeValues(value: unknown, dice: Dice): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, part] of Object.entries(value)) {
    if (name === 'payloads') {
      const changed = (part as JsonPayload[]).map((payload) => payloadOf(withWildValues(jsonOf(payload), dice)))
      Object.assign(value, { [name]: changed })
    } else if (name === 'failure') changeFailure(part as FailureJson, dice)
    else if (name !== 'userMetadata' && name !== 'searchAttributes' && name !== 'header') changeValues(part, dice)
  }
}

interface FailureJson {
  message?: string
  cause?: FailureJson
  applicationFailureInfo?: { type?: string; nonRetryable?: boolean; details?: { payloads: JsonPayload[] } }
}

const failureTypes = ['RunOver', 'RestoreGone', 'PhaseRefused', 'RestoreFailed', 'JournalDamaged', 'no such type', '']

function changeFailure(failure: FailureJson, dice: Dice): void {
  if (failure.cause !== undefined) changeFailure(failure.cause, dice)
  if (dice.below(3) === 0) failure.message = 'm'.repeat(dice.below(2) * 100_000)
  const info = failure.applicationFailureInfo
  if (info === undefined) return
  info.type = dice.oneOf(failureTypes)
  info.details = { payloads: Array.from({ length: dice.below(3) }, () => payloadOf(wildValue(dice))) }
}

function jsonOf({ data }: JsonPayload): unknown {
  return data === undefined ? undefined : JSON.parse(Buffer.from(data, 'base64').toString('utf8'))
}
