import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { isWait } from '../../../contract/look.ts'
import type { Wait } from '../../../contract/look.ts'
import type { AdmitReport } from '../../../activities/admit/claim-restore.ts'
import type { Settings } from '../../../activities/settings.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { claimedAnnotation, restoreFinalizer } from '../../../velero/labels.ts'
import { journalFolder } from '../../../velero/object-keys.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'
import type { PortCall } from '../../ports/calls.ts'
import type { FaultPlan } from '../../ports/faults.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { create, ref, restoreAt, settings, worldAt } from '../crash/restore-in-memory.ts'
import type { Asked } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

interface Admitting extends Asked {
  /** The status in which somebody has left the Restore. */
  status?: RestoreStatus
  /** What is different before. */
  before?: (world: World) => void
  settings?: Partial<Settings>
  /** What somebody does right before our first patch. */
  meanwhile?: (world: World) => void
}

async function admitting({ status, before, settings: set, meanwhile, ...asked }: Admitting) {
  const world = createWorld(await worldAt('new', asked))
  if (status !== undefined) world.cluster.amend(restoreAt, { status })
  before?.(world)
  let left = 1
  const ended = await runAttempts({
    world,
    create,
    settings: { ...settings, ...set },
    activity: 'admitRestore',
    input: { ref },
    faults: () => (_n, call) => {
      if (call.name === 'patch' && left-- > 0) meanwhile?.(world)
      return undefined
    },
  })
  const restore = world.cluster.look(restoreAt) as Restore | undefined
  const report = 'result' in ended.outcome ? (ended.outcome.result as AdmitReport) : undefined
  return { world, restore, report, calls: ended.attempts.flat(), ended }
}

const claimOf = (restore: Restore | undefined) => restore?.metadata.annotations?.[claimedAnnotation]
const phaseOf = (restore: Restore | undefined) => restore?.status?.phase
const becomes = (status: RestoreStatus) => (world: World) => world.cluster.amend(restoreAt, { status })

describe('a Restore that nobody has begun', () => {
  it('is claimed by one patch: claim, finalizer, spec as validated, phase', async () => {
    const { restore, report, calls } = await admitting({})
    expect(claimOf(restore)).toMatch(/^drydock-worker-\d+, 20\S+Z, location default$/)
    expect(restore?.metadata.finalizers).toEqual([restoreFinalizer])
    expect(restore?.spec).toMatchObject({ backupName: 'shop', excludedResources: expect.arrayContaining(['nodes']) })
    expect(restore?.status).toMatchObject({ phase: 'InProgress', startTimestamp: expect.stringMatching(/Z$/) })
    expect(report).toMatchObject({ do: 'restore', location: 'default', resumed: false, backup: 'shop' })
    expect(calls.filter(({ name, on }) => name === 'patch' && on.startsWith('restores'))).toHaveLength(1)
  })

  it('is refused as one that asks for nothing where it has no spec', async () => {
    const before = (world: World) => {
      const { spec: _none, ...rest } = world.cluster.look(restoreAt) as Manifest & { spec?: object }
      world.cluster.place(rest as Manifest)
    }
    const { restore } = await admitting({ before })
    expect(restore?.status).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: expect.arrayContaining([expect.stringContaining('backup')]),
    })
  })

  it('has its admission in the journal before it is claimed', async () => {
    const { calls } = await admitting({})
    const at = (name: string, on: string) => calls.findIndex((call) => call.name === name && call.on.includes(on))
    expect(at('put', `${journalFolder(ref.name, ref.uid)}admission`)).toBeGreaterThan(0)
    expect(at('put', 'admission')).toBeLessThan(at('patch', 'restores'))
  })

  it('ends as FailedValidation, with the texts of Velero, where it is not valid', async () => {
    const { restore, report } = await admitting({ spec: { backupName: 'none' } })
    expect(restore?.status).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: [expect.stringContaining('Backup.velero.io "none" not found')],
    })
    expect([claimOf(restore), report]).toEqual([undefined, { do: 'over', phase: 'FailedValidation' }])
  })

  it('ends as FailedValidation at once, with a plain sentence, where Drydock cannot process its backup', async () => {
    const { restore, ended } = await admitting({
      before: ({ cluster }) => cluster.amend({ ...restoreAt, resource: 'backups', name: 'shop' }, { spec: null }),
    })
    expect(ended.attempts).toHaveLength(1)
    expect(phaseOf(restore)).toBe('FailedValidation')
    expect(restore?.status?.validationErrors).toEqual([
      expect.stringMatching(
        /^the Restore, its backup or its location is not as Drydock expects it \(TypeError: [^\n]*\)$/,
      ),
    ])
  })

  it("is left alone, with an Event, where Velero's own controllers are on", async () => {
    const { world, restore, report, calls } = await admitting({ settings: { veleroControllers: 'on' } })
    expect([phaseOf(restore), claimOf(restore), report]).toEqual([undefined, undefined, { do: 'over', phase: 'New' }])
    expect(calls.some(({ name }) => name === 'patch' || name === 'put')).toBe(false)
    expect(world.cluster.objects().find(({ kind }) => kind === 'Event')).toMatchObject({ reason: 'NotTaken' })
  })
})

describe('a Restore that somebody else begins while it is admitted', () => {
  const velero: RestoreStatus = { phase: 'InProgress', startTimestamp: '2026-01-02T03:04:05Z' }

  it.each([
    ['is valid', {}],
    ['is not valid', { backupName: 'none' }],
  ])('is not touched where it %s', async (_what, spec) => {
    const { restore, report } = await admitting({ spec, meanwhile: becomes(velero) })
    expect([restore?.status, claimOf(restore)]).toEqual([velero, undefined])
    expect(restore?.metadata.finalizers).toBeUndefined()
    expect(report).toEqual({ do: 'over', phase: 'InProgress' })
  })

  it('is not failed where its location cannot hold a journal', async () => {
    const location = { ...restoreAt, resource: 'backupstoragelocations', name: 'default' }
    const spec = { provider: 'aws', objectStorage: { bucket: 'none' }, config: { region: 'here' } }
    const before = ({ cluster }: World) => cluster.amend(location, { spec })
    const { restore } = await admitting({ before, meanwhile: becomes(velero) })
    expect([restore?.status, claimOf(restore)]).toEqual([velero, undefined])
  })

  it('is over where it is deleted', async () => {
    const { restore, ended } = await admitting({ meanwhile: ({ cluster }) => cluster.drop(restoreAt) })
    expect(restore).toBeUndefined()
    expect(ended.outcome).toMatchObject({ failure: { type: 'RestoreGone' } })
  })
})

describe('a Restore that Velero has left in progress', () => {
  const status: RestoreStatus = { phase: 'InProgress', startTimestamp: '2026-01-02T03:00:00Z' }

  it('fails in the words of Velero', async () => {
    const { restore, report } = await admitting({ status })
    expect(restore?.status).toMatchObject({ phase: 'Failed', failureReason: restartFailureReason })
    expect([claimOf(restore), report]).toEqual([undefined, { do: 'over', phase: 'Failed' }])
  })

  it('is claimed where its annotation says so, and keeps its start', async () => {
    const annotations = { 'drydock.io/adopt': 'true' }
    const { restore, report } = await admitting({ status, annotations })
    expect(claimOf(restore)).toContain('location default')
    expect(restore?.status).toMatchObject(status)
    expect(report).toMatchObject({ do: 'restore', startedAt: status.startTimestamp })
  })

  it('fails where it is to be carried on and is not valid', async () => {
    const annotations = { 'drydock.io/adopt': 'true' }
    const { restore } = await admitting({ status, annotations, spec: { backupName: 'none' } })
    expect(restore?.status).toMatchObject({
      phase: 'Failed',
      failureReason: expect.stringMatching(/^not carried on: .*"none" not found/),
    })
  })

  it('is left as it is where it ends by itself meanwhile', async () => {
    const done: RestoreStatus = { phase: 'Completed' }
    const annotations = { 'drydock.io/adopt': 'true' }
    const { restore, report } = await admitting({ status, annotations, meanwhile: becomes(done) })
    expect([restore?.status, claimOf(restore), report]).toEqual([done, undefined, { do: 'over', phase: 'Completed' }])
  })
})

describe('a Restore whose location is not available', () => {
  const location = { ...restoreAt, resource: 'backupstoragelocations', name: 'default' }
  const unavailable = ({ cluster }: World) => cluster.amend(location, { status: { phase: 'Unavailable' } })
  const velerosWords = 'The BSL default is unavailable, cannot retrieve the backup'
  const away = (_n: number, call: PortCall) => (call.name === 'folders' ? ('refused' as const) : undefined)

  /** Looks at it as the workflow does, until there is nothing to wait for. */
  async function looking(faults?: FaultPlan, meanwhile: (world: World, look: number) => void = () => {}) {
    const world = createWorld(await worldAt('new'))
    unavailable(world)
    const waits: Wait[] = []
    for (let look = 1; ; look++) {
      const input = { ref, ...(waits.length === 0 ? {} : { carry: waits.at(-1)?.carry }) }
      const plan = faults === undefined ? {} : { faults: () => faults }
      const { outcome } = await runAttempts({ world, create, settings, activity: 'admitRestore', input, ...plan })
      const report = 'result' in outcome ? (outcome.result as AdmitReport | Wait) : undefined
      if (report === undefined || !isWait(report))
        return { waits, report, status: (world.cluster.look(restoreAt) as Restore | undefined)?.status }
      waits.push(report)
      await world.clock.advance(report.afterSeconds * 1000)
      meanwhile(world, look)
    }
  }

  it('waits while the bucket does not answer, says so, and is refused in the end', async () => {
    const { waits, status } = await looking(away)
    expect(waits[0]?.waitingFor).toMatch(/^backup location "default" to be available: folders .*ECONNREFUSED/)
    expect(waits).toHaveLength(24)
    const why = expect.stringMatching(
      /^waited 2m0s \(DRYDOCK_LOCATION_TIMEOUT\) for location "default": .*ECONNREFUSED/,
    )
    expect(status).toMatchObject({ phase: 'FailedValidation', validationErrors: [velerosWords, why] })
  })

  it('is admitted once the location is available again', async () => {
    const { report, status } = await looking(undefined, ({ cluster }, look) => {
      if (look === 3) cluster.amend(location, { status: { phase: 'Available' } })
    })
    expect(report).toMatchObject({ do: 'restore' })
    expect(status).toMatchObject({ phase: 'InProgress' })
  })

  it('is refused at once where the bucket answers with a refusal', async () => {
    const spec = { provider: 'aws', objectStorage: { bucket: 'none' }, config: { region: 'here' } }
    const before = (world: World) => (unavailable(world), world.cluster.amend(location, { spec }))
    const { restore } = await admitting({ before })
    expect(restore?.status).toMatchObject({ phase: 'FailedValidation', validationErrors: [velerosWords] })
  })

  it('is refused at once where that is not all', async () => {
    const { restore } = await admitting({
      before: unavailable,
      spec: { backupName: 'shop', existingResourcePolicy: 'x' },
    })
    expect(restore?.status?.validationErrors).toEqual(['Invalid ExistingResourcePolicy: x', velerosWords])
  })
})

it('a bucket that ignores If-None-Match fails the restore with one clear reason, and nothing is restored', async () => {
  const world = createWorld(await worldAt('new'))
  const careless: typeof create = (ports, set) => {
    const open: typeof ports.stores.open = async (location) => {
      const store = await ports.stores.open(location)
      return { ...store, put: (key, body) => store.put(key, body) }
    }
    return create({ ...ports, stores: { open } }, set)
  }
  await runAttempts({ world, create: careless, settings, activity: 'admitRestore', input: { ref } })
  const { status, metadata } = world.cluster.look(restoreAt) as unknown as Restore
  expect(metadata.annotations?.[claimedAnnotation]).toBeUndefined()
  expect(status).toMatchObject({
    phase: 'Failed',
    failureReason: expect.stringMatching(
      /location "default".*ignores If-None-Match.*Use a server with conditional writes/,
    ),
  })
  expect([...world.buckets.objects('backups').keys()].filter((key) => key.endsWith('probe'))).toEqual([])
})

describe('a restore that is given up during its admission', () => {
  const givenUp = async (stage: 'new' | 'admitted') => {
    const world = createWorld(await worldAt(stage))
    const before = world.cluster.look(restoreAt)
    const input = { ref, onlyClaimed: true }
    const { outcome } = await runAttempts({ world, create, settings, activity: 'admitRestore', input })
    expect(world.cluster.look(restoreAt)).toEqual(before)
    return outcome
  }

  it('is named where it was claimed', async () =>
    expect(await givenUp('admitted')).toMatchObject({ result: { do: 'restore', resumed: true, location: 'default' } }))

  it('is not begun where it was not', async () =>
    expect(await givenUp('new')).toEqual({ result: { do: 'over', phase: 'New' } }))
})
