import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { renderTable } from '../client/show/render-table.ts'
import { itemKey } from '../core/items/outcome.ts'
import type { Outcome } from '../core/items/outcome.ts'
import { makePlan } from '../core/plan/make-plan.ts'
import { renderLog } from '../core/results/render-log.ts'
import { renderResourceList, renderResults } from '../core/results/render-results.ts'
import { tallyOf } from '../core/results/tally.ts'
import { IndexBuilder, readIndex } from '../infra/archive/archive-index.ts'
import type { ArchiveIndex } from '../infra/archive/archive-index.ts'

/**
 * Measures what a worker does for all items of a restore at once, without any server: the index of the archive, the plan, and the
 * conclusion. `node --expose-gc bench/growth.ts 10000 100000` prints a line for each count of items.
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
    'outcomes, KiB gzip',
    'heap, MiB',
  ]
  console.log(renderTable(head, rows))
}

async function measureCount(count: number): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-growth-'))
  try {
    const path = join(dir, 'index')
    const heapBefore = heapMiB()
    await writeIndex(path, count)
    const [index, readSeconds] = await timed(() => readIndex(path))
    const [plan, planSeconds] = await timed(() => planOf(index))
    const outcomes = plan.waves.flatMap(({ groupResource, chunks }) =>
      chunks.flatMap(({ items }) => items.map((item) => outcomeOf({ ...item, groupResource }))),
    )
    const heap = heapMiB() - heapBefore
    const [, concludeSeconds] = await timed(() => conclude(outcomes))
    const indexMiB = statSync(path).size / 1024 ** 2
    const numbers = [indexMiB, readSeconds, planSeconds, kibOf(plan), concludeSeconds, kibOf(outcomes), heap]
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

function planOf(index: ArchiveIndex) {
  return makePlan({
    etag: index.etag,
    items: index.entries.map(({ groupResource, namespace, name }) => ({
      groupResource,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      before: [],
    })),
    order: ['secrets', 'configmaps'],
    namespaceMapping: undefined,
    sizeOf: () => 700,
    bounds: { itemsMax: 500, bytesMax: 8 * 1024 ** 2 },
    provisioned: [],
    leftOut: {},
    notes: [],
  })
}

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

function conclude(outcomes: readonly Outcome[]): number {
  const tally = tallyOf(outcomes)
  const restore = { namespace: 'velero', name: 'growth' }
  const log = renderLog(tally, { restore, spec: {}, startedAt: at, endedAt: at })
  return log.length + JSON.stringify([renderResults(tally), renderResourceList(tally)]).length
}

/** Seconds of CPU of this thread: as long would the event loop stand still on a machine with nothing else to do. */
async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const before = process.threadCpuUsage()
  const result = await work()
  const { user, system } = process.threadCpuUsage(before)
  return [result, (user + system) / 1e6]
}

function heapMiB(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 ** 2
}

const kibOf = (value: unknown) => gzipSync(JSON.stringify(value), { level: 1 }).length / 1024

await measureGrowth(process.argv.slice(2).map(Number))
