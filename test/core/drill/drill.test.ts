import { describe, expect, it } from 'vitest'
import { chooseBackup, recordLocation } from '../../../core/drill/choose-backup.ts'
import { drillRecordOf, parseDrillRecord } from '../../../core/drill/drill-record.ts'
import type { DrillFacts } from '../../../core/drill/drill-record.ts'
import { drillFaults, scratchMapping } from '../../../core/drill/drill-request.ts'
import { drillRestore, drillRestoreName } from '../../../core/drill/drill-restore.ts'
import { keysToRemove, newestRecords } from '../../../core/drill/kept-records.ts'
import { isOfScratch, isScratchOf, scratchNamespace, whyTaken } from '../../../core/drill/scratch-namespace.ts'
import { annotationFaults } from '../../../core/asked/annotations.ts'
import type { Backup, BackupStorageLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { drillRequest as request } from './builders.ts'

const backup = (name: string, phase: string, startTimestamp: string): Backup => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name, namespace: 'velero' },
  spec: { storageLocation: 'default' },
  status: { phase, startTimestamp },
})

describe('a drill', () => {
  it('can be done as it is asked for', () => expect(drillFaults(request)).toEqual([]))

  it.each([
    ['the name', { name: 'Nightly' }],
    ['the name', { name: 'n'.repeat(41) }],
    ['the scratch namespaces', { prefix: '' }],
    ['the scratch namespaces', { prefix: 'a_' }],
    ['reports', { keep: 0 }],
    ['a minute to a week', { deadlineSeconds: 5 }],
  ])('is refused with one sentence about %s: %j', (words, change) => {
    const faults = drillFaults({ ...request, ...change })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(words)
  })

  it('restores each namespace of the backup into one with its prefix', () => {
    expect(scratchMapping(request, ['shop', 'db'])).toEqual({ mapping: { shop: 'scratch-shop', db: 'scratch-db' } })
    expect(scratchMapping({ ...request, excludedNamespaces: ['db'] }, ['shop', 'db'])).toEqual({
      mapping: { shop: 'scratch-shop' },
    })
    expect(scratchMapping({ ...request, includedNamespaces: ['db'] }, ['shop', 'db'])).toEqual({
      mapping: { db: 'scratch-db' },
    })
  })

  it('leaves out namespaces of drills that ran during the backup, unless they are named', () => {
    expect(scratchMapping(request, ['shop', 'scratch-db'])).toEqual({ mapping: { shop: 'scratch-shop' } })
    expect(scratchMapping({ ...request, includedNamespaces: ['scratch-db'] }, ['shop', 'scratch-db'])).toEqual({
      mapping: { 'scratch-db': 'scratch-scratch-db' },
    })
  })

  it.each([
    ['no namespace to restore', {}, []],
    ['more than 63 characters', {}, ['n'.repeat(60)]],
    ['101 namespaces', {}, Array.from({ length: 101 }, (_, index) => `n${index}`)],
    ['no namespace gone', { includedNamespaces: ['gone'] }, ['shop']],
  ])('is refused where the backup has %s', (words, change, namespaces) => {
    expect(scratchMapping({ ...request, ...change }, namespaces)).toEqual({ fault: expect.stringContaining(words) })
  })
})

describe('the backup of a drill', () => {
  it('is the newest one of its schedule that is completed', () => {
    const backups = [
      backup('old', 'Completed', '2026-01-01T00:00:00Z'),
      backup('new', 'Completed', '2026-01-02T00:00:00Z'),
      backup('broken', 'PartiallyFailed', '2026-01-03T00:00:00Z'),
    ]
    expect(chooseBackup(request, backups)).toMatchObject({ do: 'go', backup: { metadata: { name: 'new' } } })
  })

  it.each([
    ['schedule nightly has no backup in', request.from, []],
    ['schedule nightly has no completed backup', request.from, [backup('a', 'Failed', '')]],
    ['there is no backup b', { backup: 'b' }, []],
    ['backup a is Failed', { backup: 'a' }, [backup('a', 'Failed', '')]],
  ])('is missed in one sentence: %s', (words, from, backups) => {
    expect(chooseBackup({ ...request, from }, backups)).toEqual({
      do: 'refuse',
      because: expect.stringContaining(words),
    })
  })

  it('says where the record is kept, or else the schedule or the default location does', () => {
    const location = (name: string, isDefault: boolean) =>
      ({ metadata: { name }, spec: { provider: 'aws', default: isDefault } }) as BackupStorageLocation
    const locations = [location('a', false), location('b', true)]
    const schedule = { metadata: { name: 's' }, spec: { template: { storageLocation: 's' } } }
    expect(recordLocation({ backup: 'x', schedule, locations })).toBe('x')
    expect(recordLocation({ schedule, locations })).toBe('s')
    expect(recordLocation({ locations })).toBe('b')
    expect(recordLocation({ locations: [location('a', false)] })).toBe('a')
    expect(recordLocation({ locations: [] })).toBeUndefined()
  })
})

describe('the Restore of a drill', () => {
  const restore = drillRestore(
    { ...request, excludedResources: ['secrets'] },
    { name: 'nightly-1', backup: 'shop', mapping: { shop: 'scratch-shop', db: 'scratch-db' } },
  )

  it('restores nothing into a namespace that is not a scratch namespace', () => {
    expect(restore.spec).toEqual({
      backupName: 'shop',
      includedNamespaces: ['db', 'shop'],
      namespaceMapping: { shop: 'scratch-shop', db: 'scratch-db' },
      preserveNodePorts: false,
      excludedResources: ['secrets'],
    })
  })

  it('takes no names of others, and has annotations that a worker knows', () => {
    expect(restore.annotations).toMatchObject({
      'drydock.io/isolate': 'true',
      'drydock.io/validate': 'true',
      'drydock.io/replicas': 'zero',
    })
    expect(annotationFaults(restore.annotations)).toEqual([])
  })

  it('starts its workloads where that is asked for', () => {
    const asked = { ...request, replicas: 'as-backed-up' } as const
    const { annotations } = drillRestore(asked, { name: 'n', backup: 'shop', mapping: {} })
    expect(annotations).not.toHaveProperty('drydock.io/replicas')
  })

  it('has a name that is a label value', () => {
    expect(drillRestoreName('nightly', new Date('2026-11-29T03:00:07.123Z'))).toBe('nightly-20261129030007')
    expect(drillRestoreName('n'.repeat(40), new Date(0)).length).toBeLessThanOrEqual(63)
  })
})

describe('a scratch namespace', () => {
  const owner = { namespace: 'velero', drill: 'nightly', restore: 'nightly-1', at: '2026-01-01T03:00:00.000Z' }
  const original: Manifest = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'shop',
      labels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' },
      annotations: { note: 'b' },
    },
  }
  const made = scratchNamespace('scratch-shop', owner, original)

  it('has the labels of the original, and says whose it is', () => {
    expect(made.metadata).toEqual({
      name: 'scratch-shop',
      labels: {
        team: 'a',
        'drydock.io/drill': 'nightly',
        'drydock.io/drill-restore': 'nightly-1',
        'drydock.io/drill-run': expect.stringMatching(/^[0-9a-f]{32}$/),
      },
      annotations: { note: 'b' },
    })
  })

  it('is not that of a drill of the same name and time in another Velero namespace', () => {
    expect(isScratchOf(made, { ...owner, namespace: 'velero-b' })).toBe(false)
  })

  it('has the volumes and contents of snapshots that name it, and no others', () => {
    const one = (spec: object): Manifest => ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec })
    const scratch = ['scratch-shop']
    expect(isOfScratch(one({ claimRef: { namespace: 'scratch-shop', name: 'data' } }), scratch)).toBe(true)
    expect(isOfScratch(one({ volumeSnapshotRef: { namespace: 'scratch-shop', name: 's' } }), scratch)).toBe(true)
    expect(isOfScratch(one({ claimRef: { namespace: 'other-shop', name: 'data' } }), scratch)).toBe(false)
    expect(isOfScratch(one({}), scratch)).toBe(false)
  })

  it('is the same restore’s alone', () => {
    expect(isScratchOf(made, owner)).toBe(true)
    expect(isScratchOf(made, { ...owner, restore: 'nightly-2' })).toBe(false)
    expect(isScratchOf({ ...made, metadata: { ...made.metadata, deletionTimestamp: 'now' } }, owner)).toBe(false)
    expect(isScratchOf(original, owner)).toBe(false)
  })

  it('that is taken is named, with what to do', () => {
    expect(whyTaken({ ...original, metadata: { name: 'scratch-shop' } }, owner)).toBe(
      'namespace scratch-shop exists already: give the drill another prefix',
    )
    expect(whyTaken(made, { ...owner, restore: 'nightly-2' })).toContain('kubectl delete namespace scratch-shop')
  })
})

describe('the record of a drill', () => {
  const facts: DrillFacts = {
    drill: 'nightly',
    at: '2026-01-01T03:00:00.000Z',
    backup: 'shop',
    restore: 'nightly-1',
    outcome: { phase: 'Completed', items: 53, warnings: 1, errors: 0 },
    seconds: 42,
    left: [],
  }

  it('says what was restored, and in which time', () => {
    expect(drillRecordOf(facts)).toMatchObject({
      ok: true,
      seconds: 42,
      sentence: 'backup shop was restored in 42 s: 53 items, 1 warning, 0 errors',
    })
  })

  it.each([
    [{ left: ['namespace scratch-shop'] }, 'not removed: namespace scratch-shop'],
    [{ because: 'there is no backup' }, 'there is no backup'],
    [
      { outcome: { phase: 'Failed', items: 0, warnings: 0, errors: 0, reason: 'no tarball' } },
      'ended Failed in 42 s: no tarball',
    ],
    [{ outcome: { phase: 'PartiallyFailed', items: 1, warnings: 0, errors: 2 } }, '2 errors'],
  ])('is a failure where something went wrong: %j', (change, words) => {
    expect(drillRecordOf({ ...facts, ...change })).toMatchObject({
      ok: false,
      sentence: expect.stringContaining(words),
    })
  })

  it('is read as it was written, and nothing else is', () => {
    const record = drillRecordOf(facts)
    expect(parseDrillRecord(JSON.stringify(record))).toEqual(record)
    for (const text of ['', 'null', '{}', '{"drill":"a","at":"no time","ok":true,"sentence":""}'])
      expect(parseDrillRecord(text)).toBeUndefined()
  })

  it('goes with its report once there are more than are kept, the oldest first', () => {
    const keys = ['20260101000000', '20260102000000', '20260103000000'].flatMap((stamp) => [
      `f/${stamp}.html`,
      `f/${stamp}.json`,
    ])
    expect(keysToRemove([...keys, 'f/other'], 2)).toEqual(keys.slice(0, 2))
    expect(keysToRemove(keys, 3)).toEqual([])
    expect(newestRecords(keys, 2)).toEqual(['f/20260103000000.json', 'f/20260102000000.json'])
  })
})
