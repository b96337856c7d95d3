import { describe, expect, it, test } from 'vitest'
import {
  backupNameOf,
  configMapNamesOf,
  locationNameOf,
  type AdmissionFacts,
  pickBackup,
} from '../../../core/request/admission-facts.ts'
import { nonRestorableResources } from '../../../velero/defaults.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { aBackup, admit, errorsOf, location } from './admission.ts'

const source = 'Either a backup or schedule must be specified as a source for the restore, but not both'
const labelSelector = { matchLabels: { a: 'b' } }

describe('a restore is refused', () => {
  test.each<[string, RestoreSpec, string[]]>([
    [
      'for asking for nodes',
      { includedResources: ['nodes'] },
      [
        'nodes are non-restorable resources',
        'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: nodes',
      ],
    ],
    [
      'for a star beside other resources',
      { includedResources: ['*', 'pods'] },
      [
        "Invalid included/excluded resource lists: includes list must either contain '*' only, or a non-empty list of items",
      ],
    ],
    [
      'for a star among excluded resources',
      { excludedResources: ['*'] },
      ["Invalid included/excluded resource lists: excludes list cannot contain '*'"],
    ],
    [
      'for resources on both lists, sorted',
      { includedResources: ['pods', 'a'], excludedResources: ['pods', 'a'] },
      [
        'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: a',
        'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: pods',
      ],
    ],
    [
      'for contradictory namespaces',
      { includedNamespaces: ['*', 'x'], excludedNamespaces: ['x', '*'] },
      [
        "Invalid included/excluded namespace lists: includes list must either contain '*' only, or a non-empty list of items",
        "Invalid included/excluded namespace lists: excludes list cannot contain '*'",
        'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: *',
        'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: x',
      ],
    ],
    [
      'for two kinds of selector',
      { labelSelector, orLabelSelectors: [] },
      ['encountered labelSelector as well as orLabelSelectors in restore spec, only one can be specified'],
    ],
    ['for no source', { backupName: '' }, [source]],
    ['for two sources', { scheduleName: 's' }, [source]],
    ['for an unknown policy', { existingResourcePolicy: 'Update' }, ['Invalid ExistingResourcePolicy: Update']],
  ])('%s', (_, spec, errors) => {
    expect(errorsOf(spec)).toEqual(errors)
  })

  it('with all errors up to the first that ends the validation, in order', () => {
    const spec = {
      includedResources: ['*', 'pods'],
      includedNamespaces: ['*', 'x'],
      labelSelector,
      orLabelSelectors: [],
    }
    expect(errorsOf({ ...spec, scheduleName: 's', existingResourcePolicy: 'x' })).toEqual([
      expect.stringContaining('resource lists'),
      expect.stringContaining('namespace lists'),
      expect.stringContaining('encountered labelSelector'),
      source,
    ])
  })

  it('although a backup is found, where an earlier rule complained', () => {
    expect(admit({ backupName: 'b', existingResourcePolicy: 'x' }).do).toBe('refuse')
  })
})

describe('a schedule', () => {
  const from = (scheduleBackups: AdmissionFacts['scheduleBackups']) =>
    admit({ scheduleName: 's', includedResources: ['nodes'] }, { scheduleBackups })

  test.each<[string, AdmissionFacts['scheduleBackups'], string[]]>([
    ['whose backups cannot be listed', { error: 'x' }, ['Unable to list backups for schedule']],
    ['without backups', [], ['No backups found for schedule', 'No completed backups found for schedule']],
    [
      'without completed ones',
      [aBackup('b', { phase: 'PartiallyFailed' })],
      ['No completed backups found for schedule'],
    ],
  ])('%s is refused', (_, scheduleBackups, errors) => {
    const admission = from(scheduleBackups)
    expect(admission.do === 'refuse' && admission.validationErrors.slice(2)).toEqual(errors)
  })

  it('gives its backup to the spec, also where the restore is refused', () => {
    const admission = from([aBackup('b')])
    expect([admission.do, admission.spec.backupName, admission.spec.scheduleName]).toEqual(['refuse', 'b', 's'])
  })

  it('means the completed backup that started last; one without a start is the oldest', () => {
    const backups = [
      aBackup('none'),
      aBackup('old', { phase: 'Completed', startTimestamp: '2024-01-01T00:00:00Z' }),
      aBackup('new', { phase: 'Completed', startTimestamp: '2025-01-01T00:00:00Z' }),
      aBackup('failed', { phase: 'Failed', startTimestamp: '2026-01-01T00:00:00Z' }),
    ]
    expect(pickBackup(backups)?.metadata.name).toBe('new')
    expect(pickBackup(backups.slice(0, 1))?.metadata.name).toBe('none')
    expect(pickBackup([])).toBeUndefined()
  })
})

describe('backup and location', () => {
  test.each<[string, Partial<AdmissionFacts>, string]>([
    [
      'a missing backup',
      { backup: undefined },
      `Error retrieving backup: can't find backup velero/b: Backup.velero.io "b" not found`,
    ],
    [
      'a failed lookup',
      { backup: { error: 'timeout' } },
      `Error retrieving backup: can't find backup velero/b: timeout`,
    ],
    [
      'a missing location',
      { location: undefined },
      'Error retrieving backup: BackupStorageLocation.velero.io "default" not found',
    ],
    ['a failed lookup of the location', { location: { error: 'timeout' } }, 'Error retrieving backup: timeout'],
    [
      'an unavailable location',
      { location: { ...location, status: { phase: 'Unavailable' } } },
      'The BSL default is unavailable, cannot retrieve the backup',
    ],
    [
      'a location never validated',
      { location: { ...location, status: {} } },
      'The BSL default is unavailable, cannot retrieve the backup',
    ],
  ])('%s ends the validation', (_, facts, error) => {
    const resourceModifier = { kind: 'ConfigMap', name: 'missing' }
    expect(errorsOf({ resourceModifier }, facts)).toEqual([error])
  })

  it('of any phase will do', () => {
    expect(admit({ backupName: 'b' }, { backup: aBackup('b', { phase: 'InProgress' }) }).do).toBe('admit')
  })

  it.each([
    ['InProgress', ['backup "b" is in phase "InProgress" and cannot be used as a restore source']],
    ['', ['backup "b" is in phase "" and cannot be used as a restore source']],
    ['Completed', []],
    ['PartiallyFailed', []],
  ])('after v1.18 the backup has to be through: phase %j', (phase, errors) => {
    expect(errorsOf({}, { api: 'next', backup: aBackup('b', { phase }) })).toEqual(errors)
  })
})

describe('the data of volumes that exist', () => {
  it.each(['', 'none', 'full', 'incremental'])('may have policy %j', (existingVolumeDataPolicy) => {
    expect(errorsOf({ existingVolumeDataPolicy })).toEqual([])
  })

  it('have no other policy', () => {
    expect(errorsOf({ existingVolumeDataPolicy: 'some' })).toEqual(['Invalid ExistingVolumeDataPolicy: some'])
  })
})

describe('the spec', () => {
  it('gets the resources that are never restored, after those it excludes itself', () => {
    const { spec } = admit({ backupName: 'b', excludedResources: ['events', 'secrets'] })
    expect(spec.excludedResources).toEqual([
      'events',
      'secrets',
      ...nonRestorableResources.filter((name) => name !== 'events'),
    ])
  })

  it('gets them where it is refused, too', () => {
    expect(admit({}).spec.excludedResources).toEqual(nonRestorableResources)
  })

  it('is not changed in place', () => {
    const before: RestoreSpec = Object.freeze({ backupName: 'b', excludedResources: Object.freeze(['x']) as string[] })
    admit(before)
    expect(before).toEqual({ backupName: 'b', excludedResources: ['x'] })
  })

  it("gets the backup's schedule, for metrics", () => {
    expect(admit({ backupName: 'b' }, { backup: aBackup('b', {}, 'daily') }).spec.scheduleName).toBe('daily')
    expect('scheduleName' in admit({ backupName: 'b' }).spec).toBe(false)
  })

  test.each([
    [undefined, '4h0m0s'],
    ['', '4h0m0s'],
    ['0s', '4h0m0s'],
    ['0h0m0s', '4h0m0s'],
    ['10m', '10m'],
    ['0.5s', '0.5s'],
  ])('with timeout %s gets %s', (itemOperationTimeout, timeout) => {
    const spec = itemOperationTimeout === undefined ? {} : { itemOperationTimeout }
    expect(admit({ ...spec, backupName: 'b' }).spec.itemOperationTimeout).toBe(timeout)
    expect(admit(spec).spec.itemOperationTimeout).toBe(timeout)
  })
})

test('the facts to read are named one after another', () => {
  expect(backupNameOf({ backupName: 'b' }, undefined)).toBe('b')
  expect(backupNameOf({ scheduleName: 's' }, [aBackup('new')])).toBe('new')
  expect(backupNameOf({ scheduleName: 's' }, { error: 'x' })).toBeUndefined()
  expect(backupNameOf({ backupName: 'b', scheduleName: 's' }, [])).toBeUndefined()
  expect(backupNameOf({}, undefined)).toBeUndefined()
  expect(locationNameOf(aBackup('b'))).toBe('default')
  const reference = { kind: 'ConfigMap', name: 'x' }
  expect(configMapNamesOf({ resourceModifier: reference, resourcePolicy: { kind: 'Secret', name: 'y' } })).toEqual({
    modifiers: 'x',
  })
  expect(configMapNamesOf({ resourcePolicy: reference })).toEqual({ policy: 'x' })
})
