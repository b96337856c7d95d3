import { Pool } from 'undici'
import { exchange } from '../../infra/cluster/exchange.ts'
import type { ExchangeAnswer } from '../../infra/cluster/exchange.ts'
import { makePreparer, rawWrite } from './raw-writes.ts'
import type { RawCall, RawTask, RawWrite } from './raw-writes.ts'
import { readTarball } from './read-tarball.ts'

/** What the load generator is told by its parent. It is a process of its own, so that its CPU can be told from the bench's. */
export interface RawOrder extends RawSource {
  task: RawTask
  /** What it writes before it is ready. */
  before?: RawSource
  target: { url: string; ca: string; token: string }
  /** So many requests are under way at the same time, each on its own connection. */
  connections: number
}

/** The backup whose objects it writes. */
interface RawSource {
  tarball: string
  backup: string
}

/** What it tells its parent. */
export type RawReport = { is: 'ready' } | { is: 'done'; items: number } | { is: 'failed'; reason: string }

const tell = (report: RawReport) => process.send?.(report)
process.once('message', (order) => {
  prepareThenWrite(order as RawOrder).catch((error: unknown) => tell({ is: 'failed', reason: String(error) }))
})

/** All is made ready before the parent says go: what is measured is the sending alone. */
async function prepareThenWrite(order: RawOrder): Promise<void> {
  const { count, namespaces, others } = await prepareWrites(order, order.task)
  const pool = new Pool(order.target.url, {
    connections: order.connections,
    pipelining: 1,
    connect: { ca: order.target.ca },
  })
  const send = sender(pool, order)
  if (order.before !== undefined) {
    const first = await prepareWrites(order.before, order.task)
    await writeAll(first.namespaces, order.connections, send)
    await writeAll(first.others, order.connections, send)
  }
  const go = new Promise((resolve) => process.once('message', resolve))
  tell({ is: 'ready' })
  await go
  if (!(order.task.do === 'restore' && order.task.exists)) await writeAll(namespaces, order.connections, send)
  await writeAll(others, order.connections, send)
  await pool.close()
  // It stays until it is stopped, so that its CPU and memory can be read.
  tell({ is: 'done', items: count })
}

async function prepareWrites(
  { tarball, backup }: RawSource,
  task: RawTask,
): Promise<{ count: number; namespaces: RawWrite[]; others: RawWrite[] }> {
  const prepare = makePreparer(backup)
  const items = (await readTarball(tarball)).flatMap((item) => prepare(item) ?? [])
  const isNamespace = (item: (typeof items)[number]) => item.groupResource === 'namespaces'
  const namespaces = items.filter(isNamespace).map((item) => rawWrite(item, task))
  const others = items.filter((item) => !isNamespace(item)).map((item) => rawWrite(item, task))
  return { count: items.length, namespaces, others }
}

type Send = (call: RawCall, before: ExchangeAnswer | undefined) => Promise<ExchangeAnswer>

async function writeAll(writes: readonly RawWrite[], connections: number, send: Send): Promise<void> {
  let next = 0
  const loop = async () => {
    for (let write = writes[next++]; write !== undefined; write = writes[next++]) {
      let answer: ExchangeAnswer | undefined
      for (const call of write) answer = await send(call, answer)
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
}

function sender(pool: Pool, { target }: RawOrder): Send {
  const headers = { authorization: `Bearer ${target.token}`, accept: 'application/json', 'user-agent': 'raw' }
  const typed = {
    POST: { ...headers, 'content-type': 'application/json' },
    PATCH: { ...headers, 'content-type': 'application/merge-patch+json' },
  }
  return async ({ method, path, body }, before) => {
    const filled = body === undefined ? {} : { body: before === undefined ? body : fill(body, before.body) }
    const request = { method, path, headers: typed[method], ...filled, timeoutMs: 60_000, bodyBytesMax: 10_000_000 }
    const answer = await exchange({ dispatcher: pool, origin: target.url }, request)
    if (answer.code < 300) return answer
    throw new Error(`${method} ${path}: ${answer.code} ${answer.body}`)
  }
}

/** The uid stands early in an answer, so it need not be parsed. */
function fill(body: string, answer: string): string {
  if (!body.includes('{uid}')) return body
  const uid = /"uid":"([^"]+)"/.exec(answer)?.[1] ?? ''
  return body.replace('{uid}', uid)
}
