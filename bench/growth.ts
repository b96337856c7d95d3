import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { gzipOf, inSlices, pauses } from '../activities/frame/in-slices.ts'
import { renderTable } from '../client/show/render-table.ts'
import { itemKey } from '../core/items/outcome.ts'
import type { Outcome } from '../core/items/outcome.ts'
import type { PlaceableItem } from '../core/plan/place-items.ts'
import type { Plan } from '../core/plan/plan.ts'
import { planInSteps } from '../core/plan/make-plan.ts'
import { packIfChunk } from '../core/plan/packed-chunk.ts'
import { logInPieces } from '../core/results/render-log.ts'
import { resourceListInPieces, resultsInSteps } from '../core/results/render-results.ts'
import { PackedTally } from '../core/results/packed-tally.ts'
import type { Tally } from '../core/results/tally.ts'
import { goJsonInPieces } from '../core/values/go-text.ts'
import { jsonInPieces, parseJsonInSteps } from '../core/values/json-in-pieces.ts'
import { IndexBuilder, readIndex } from '../infra/archive/archive-index.ts'
import type { ArchiveIndex } from '../infra/archive/archive-index.ts'

const inflate = promisify(gunzip)

/**
 * Measures what a worker does for all items of a restore at once, without any server: the index of the archive, the plan, and the
 * conclusion, and how long the event loop stands still meanwhile. `node --expose-gc bench/growth.ts 10000 100000` prints a
 * line for each count of items. The delay of the event loop is wall time: on a busy machine it holds what others take.
 */
async function measureGrowth(counts: readonly number[]): Promise<void> {
  const rows: string[][] = []
  for (const count of counts) rows.push([String(count), ...(await measureCount(count))])
  const head = [
    'items',
    'index, MiB',
    'read index, s',
    'plan, s',
    'plan, KiB gzip',
    'conclude, s',
    'result files, KiB gzip',
    'memory held, MiB',
    'peak memory, MiB',
    'event loop p99, ms',
    'CPU at once p99, ms',
    'longest, ms',
  ]
  console.log(renderTable(head, rows))
}

async function measureCount(count: number): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-growth-'))
  try {
    const path = join(dir, 'index')
    const heapBefore = heapMiB()
    await writeIndex(path, count)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const turns = measureTurns()
    const [index, readSeconds] = await timed(() => readIndex(path))
    const [{ plan, bytes }, planSeconds] = await timed(() => planOf(index))
    delay.disable()
    const tally = new PackedTally(outcomesOf(plan))
    const heap = heapMiB() - heapBefore
    turns.skip()
    delay.enable()
    const [files, concludeSeconds] = await timed(() => conclude(tally))
    delay.disable()
    const indexMiB = statSync(path).size / 1024 ** 2
    const peakMiB = process.resourceUsage().maxRSS / 1024
    const delays = [delay.percentile(99) / 1e6, ...turns.end()]
    const times = [indexMiB, readSeconds, planSeconds, bytes / 1024, concludeSeconds, files / 1024]
    const numbers = [...times, heap, peakMiB, ...delays]
    return numbers.map((value) => value.toFixed(value < 10 ? 2 : 0))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function writeIndex(path: string, count: number): Promise<void> {
  const builder = new IndexBuilder({ indexBytesMax: 16 * 1024 ** 3 })
  for (let at = 0; at < count; at++) {
    const namespace = `team-${at % 50}`
    const groupResource = at % 2 === 0 ? 'secrets' : 'configmaps'
    builder.set(
      { groupResource, folder: '', namespace, name: `item-${at}` },
      { offset: at * 700, sizeBytes: 700, crc: at },
    )
  }
  await builder.write(path, { etag: 'growth', hasResources: true, itemsBytes: count * 700 })
}

/** The plan as it is read back from the journal, and the bytes that it takes there. */
async function planOf(index: ArchiveIndex): Promise<{ plan: Plan; bytes: number }> {
  const steps = planInSteps({
    etag: index.etag,
    items: await itemsOf(index),
    order: ['secrets', 'configmaps'],
    namespaceMapping: undefined,
    sizeOf: () => 700,
    bounds: { itemsMax: 750, bytesMax: 8 * 1024 ** 2, lanes: 4 },
    provisioned: [],
    leftOut: {},
    notes: [],
  })
  const bytes = await gzipOf(jsonInPieces(await inSlices(steps)), 1)
  const text = (await inflate(bytes)).toString()
  return { plan: (await inSlices(parseJsonInSteps(text, packIfChunk))) as Plan, bytes: bytes.length }
}

/** All items of the archive, as they are selected. */
async function itemsOf(index: ArchiveIndex): Promise<PlaceableItem[]> {
  const pause = pauses()
  const items: PlaceableItem[] = []
  for (const { groupResource, namespace, name } of index.entries) {
    items.push({ groupResource, name, ...(namespace === undefined ? {} : { namespace }), before: nothing })
    await pause()
  }
  return items
}

const nothing: readonly string[] = []

const at = '2026-11-28T22:16:00Z'

function outcomeOf(item: { groupResource: string; namespace?: string; name: string }): Outcome {
  const { namespace = '', name, groupResource } = item
  const object = {
    group: '',
    version: 'v1',
    resource: groupResource,
    namespace,
    name,
    uid: '0d7afe05-6de9-4d00-bcab-3ba0afe102af',
  }
  const kind = groupResource === 'secrets' ? 'v1/Secret' : 'v1/ConfigMap'
  const listed = { kind, name: `${namespace}/${name}` }
  return { key: itemKey(item), action: 'created', listed, object, messages: [], at }
}

/** What the journal holds of a restore that created all items, one after the other. */
function* outcomesOf({ waves }: Plan): Generator<Outcome> {
  for (const { groupResource, chunks } of waves)
    for (const { items } of chunks) for (const item of items) yield outcomeOf({ ...item, groupResource })
}

/** Makes the result files, and returns how many bytes they take. */
async function conclude(tally: Tally): Promise<number> {
  const restore = { namespace: 'velero', name: 'growth' }
  const log = await gzipOf(logInPieces(tally, { restore, spec: {}, startedAt: at, endedAt: at }))
  const results = await gzipOf(goJsonInPieces(await inSlices(resultsInSteps(tally))))
  const list = await gzipOf(resourceListInPieces(tally))
  return log.length + results.length + list.length
}

/**
 * How much CPU this thread takes in one go: between two turns of the event loop, in ms. On a machine with nothing else to do
 * the loop would stand still for as long.
 */
function measureTurns(): { skip: () => void; end: () => [p99: number, longest: number] } {
  const turns: number[] = []
  let before = cpuMs()
  const timer = setInterval(() => {
    turns.push(cpuMs() - before)
    before = cpuMs()
  }, 1)
  return {
    skip: () => void (before = cpuMs()),
    end: () => {
      clearInterval(timer)
      turns.sort((a, b) => a - b)
      return [turns[Math.floor(turns.length * 0.99)] ?? 0, turns.at(-1) ?? 0]
    },
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Seconds of CPU of this thread. */
async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const before = process.threadCpuUsage()
  const result = await work()
  const { user, system } = process.threadCpuUsage(before)
  return [result, (user + system) / 1e6]
}

function heapMiB(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 ** 2
}

await measureGrowth(process.argv.slice(2).map(Number))
