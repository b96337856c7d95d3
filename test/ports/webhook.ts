import type { Webhook } from '../../activities/webhook-port.ts'
import type { Delivery } from '../../core/notify/judge-answer.ts'
import type { Around } from './calls.ts'

/** A receiver of notifications, in memory. It outlasts processes. */
export interface InMemoryReceiver {
  /** What it was sent, by delivery: a second one of the same id replaces the first, as receivers are asked to do. */
  received: Map<string, string>
  /** What it answers to the tries to come, in order; then it takes everything. */
  answers: Delivery[]
  /** The port, as a process of a worker has it. */
  connect(around?: Around): Webhook
}

/** Makes a receiver that has been sent these notifications. */
export function createReceiver(from: ReadonlyMap<string, string> = new Map()): InMemoryReceiver {
  const received = new Map(from)
  const answers: Delivery[] = []
  return {
    received,
    answers,
    connect: (around = (_call, run) => run()) => ({
      receiver: 'https://hooks.example.com',
      send: ({ id, body }) =>
        around({ port: 'webhook', name: 'send', on: id }, async () => {
          received.set(id, body)
          return answers.shift() ?? { do: 'delivered' }
        }),
    }),
  }
}
