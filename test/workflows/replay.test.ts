import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Payload } from '@temporalio/common'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { extract } from 'tar-stream'
import { beforeAll, describe, expect, it } from 'vitest'
import type { KeyRing } from '../../infra/codec/codec-keys.ts'
import { encryptingCodec } from '../../infra/codec/encrypting-codec.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'

const folder = new URL('../histories/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')

describe('recorded histories', () => {
  /** By workflow id, what a replay by the workflows of today came to; undefined is good. */
  const errors = new Map<string, Error | undefined>()

  /**
   * One worker replays all. In debug mode, which is the default here, it would run the workflows in this thread, and its hooks for
   * promises and stacks would make all that runs here later three times slower.
   */
  beforeAll(async () => {
    const logger = new DefaultLogger('ERROR')
    Runtime.install({ logger })
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url))
    const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger })
    const dataConverter = { payloadCodecs: [encryptingCodec(ringOf('new', 'old'))] }
    const options = { workflowBundle, dataConverter, debugMode: false, isolateExecutionTimeout: '1m' } as const
    const recorded = names.map((name) => ({ workflowId: idOf(name), history: historyOf(name) }))
    const encrypted = {
      workflowId: idOf('encrypted'),
      history: await encryptedBy('old', historyOf('retried-parked.json')),
    }
    const foreign = { workflowId: idOf('foreign'), history: await encryptedBy('lost', historyOf('clean-waits.json')) }
    const all = [
      ...recorded,
      encrypted,
      foreign,
      { workflowId: idOf('left-out'), history: withoutPlan(historyOf('clean.json')) },
    ]
    for await (const { workflowId, error } of Worker.runReplayHistories(options, all)) errors.set(workflowId, error)
  })

  it('are there of a clean, a partly failed, a cancelled, a resumed, a waiting and a retried restore, of the locks, of undos, drills and notifications', () => {
    const recorded = ['cancelled', 'clean', 'locks', 'locks-anew', 'partly-failed', 'resumed', 'turns']
    // Recorded when restores began to ask for their finalization tasks; those above have none of that.
    recorded.push('clean-listed', 'partly-failed-listed', 'resumed-listed')
    // Recorded when waits became Temporal's, items got second chances and a pause came to stand on the Restore.
    recorded.push(...recorded.slice(0, 7).map((name) => `${name}-waits`))
    // Recorded when chunks came to end first and a cancel came to stand on the Restore.
    recorded.push('cancelled-ends', 'partly-failed-ends')
    // Recorded when items were parked and a restore could have a second run.
    recorded.push('partly-failed-parked', 'retried-parked')
    // Recorded when the conclusion came to tell the finalization tasks and a report was written.
    recorded.push(...recorded.slice(0, 7).map((name) => `${name}-reported`), 'retried-reported')
    // Recorded when a restore could be undone, drilled and notified of, and annotations came to say more of it.
    const people = ['annotated', 'notify', 'undo-plan', 'undo', 'drill', 'drill-failed']
    recorded.push(...people.map((name) => `${name}-people`))
    // Recorded when the activity that plans came to ask for the namespaces.
    recorded.push('clean-asked')
    expect(names.toSorted()).toEqual(recorded.map((name) => `${name}.json`).toSorted())
  })

  it.each(names)('of %s is replayed by the workflows of today', (name) => {
    expect([...errors.keys()]).toContain(idOf(name))
    const error = errors.get(idOf(name))
    if (error !== undefined) throw error
  })

  it('are read where an older key has encrypted them, and not without that key', () => {
    expect(errors.get(idOf('encrypted'))).toBeUndefined()
    expect(errors.get(idOf('foreign'))?.message).toContain('workflow task failure')
  })

  it('are refused where a step was left out: the replay can fail', () => {
    expect(errors.get(idOf('left-out'))?.message).toMatch(/[Nn]ondeterminism/)
  })
})

const idOf = (name: string) => workflowIdOf({ namespace: 'velero', name: name.replace('.json', ''), uid: 'recorded' })
const historyOf = (name: string): History => historyFromJSON(JSON.parse(read(name)))

/** Keys of these names; the first one encrypts. */
function ringOf(...ids: string[]): KeyRing {
  const keyOf = (id: string) => ({ id, secret: createHash('sha256').update(id).digest() })
  return { current: () => keyOf(ids[0] ?? ''), find: (id) => (ids.includes(id) ? keyOf(id) : undefined) }
}

/** As a worker with that key would have had it stored. */
async function encryptedBy(id: string, history: History): Promise<History> {
  const codec = encryptingCodec(ringOf(id))
  const encrypt = async (value: unknown): Promise<void> => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
    const payload = value as Payload
    if (payload.data instanceof Uint8Array && payload.metadata?.['encoding'] instanceof Uint8Array) {
      Object.assign(payload, (await codec.encode([payload]))[0])
      return
    }
    // Temporal reads these itself.
    const own = ['searchAttributes', 'markerRecordedEventAttributes']
    for (const [name, inner] of Object.entries(value)) if (!own.includes(name)) await encrypt(inner)
  }
  await encrypt(history.events)
  return history
}

/** As if the workflow had called another activity than the one that plans. */
function withoutPlan(history: History): History {
  for (const event of history.events ?? []) {
    const type = event.activityTaskScheduledEventAttributes?.activityType
    if (type?.name === 'planRestore') type.name = 'reportProgress'
  }
  return history
}

describe('what a history tells', () => {
  it.each(names)('%s holds no manifest', (name) => {
    expect(plainly(read(name))).not.toMatch(
      /fieldsV1|managedFields|"data"\s*:\s*\{|stringData|last-applied-configuration/,
    )
  })

  it('holds no value of a Secret of the backups, plain or encoded', async () => {
    const values = [...(await secretValues('shop')), ...(await secretValues('bulk5k'))]
    expect(values.length).toBeGreaterThan(2500)
    for (const name of names) expect(heldBy(plainly(read(name)), values), name).toEqual([])
    expect(heldBy(`a history with ${values[7]} in it`, values)).toContain(values[7])
  })
})

/** The values that stand in a text, which is gone through once: looking for each of thousands takes seconds. */
function heldBy(text: string, values: readonly string[]): string[] {
  const byStart = Map.groupBy(values, (value) => value.slice(0, shortest))
  const held = new Set<string>()
  for (let at = 0; at + shortest <= text.length; at++)
    for (const value of byStart.get(text.slice(at, at + shortest)) ?? [])
      if (text.startsWith(value, at)) held.add(value)
  return [...held]
}

/** Shorter values are words like others. */
const shortest = 5

/** The history, and after it every payload decoded. */
function plainly(history: string): string {
  const encoded = [...history.matchAll(/"([A-Za-z0-9+/]{8,}={0,2})"/g)].map(([, text = '']) => text)
  return [history, ...encoded.map((text) => Buffer.from(text, 'base64').toString('utf8'))].join('\n')
}

/** Values of the Secrets in a recorded backup, as they stand there and decoded; those that are words of the restore are no secrets. */
async function secretValues(backup: string): Promise<string[]> {
  const packed = readFileSync(new URL(`../fixtures/backups/${backup}/${backup}.tar.gz`, import.meta.url))
  const values = new Set<string>()
  const entries = extract()
  entries.end(gunzipSync(packed))
  for await (const entry of entries) {
    const pieces: Buffer[] = []
    for await (const piece of entry) pieces.push(piece as Buffer)
    if (!entry.header.name.startsWith('resources/secrets/') || !entry.header.name.endsWith('.json')) continue
    const { data = {} } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { data?: Record<string, string> }
    for (const text of Object.values(data)) values.add(text).add(Buffer.from(text, 'base64').toString('utf8'))
  }
  return [...values].filter((value) => value.length >= shortest)
}
