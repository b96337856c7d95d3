import { describe, expect, it } from 'vitest'
import { judgeLocations } from '../../../core/doctor/judge-locations.ts'
import type { LocationFacts } from '../../../core/doctor/judge-locations.ts'

const facts: LocationFacts = {
  name: 'default',
  bucket: 's3/velero',
  namesCredential: true,
  phase: 'Available',
  accessMode: undefined,
  backups: 3,
  hasJournal: true,
}
const away = { kind: 'unreachable', message: 'no answer' } as const
const noKeys = { kind: 'credentials', message: 'no credentials' } as const

describe('a backup location', () => {
  it('is fine where its bucket can be read and has a journal', () => {
    expect(judgeLocations([facts]).map(({ verdict, says }) => `${verdict}: ${says}`)).toEqual([
      'ok: backup location "default" (s3/velero) can be read, with 3 backups',
      'ok: backup location "default" takes conditional writes: a restore has tried one',
    ])
  })

  it.each<[string, Partial<LocationFacts>, string, string]>([
    ['does not answer', { problem: away }, 'finding', 'cannot be read: no answer'],
    ['has no credentials', { problem: noKeys }, 'finding', 'cannot be read: no credentials'],
    ['has those of the workers alone', { problem: noKeys, namesCredential: false }, 'note', "are the workers' own"],
    [
      'has foreign folders',
      { folders: 'invalid top-level directories: [x]' },
      'finding',
      'invalid top-level directories',
    ],
    ['is not available to workers', { phase: 'Unavailable' }, 'finding', 'is Unavailable, although'],
    ['has not been validated', { phase: undefined }, 'note', 'has not been validated yet'],
    ['is read-only', { accessMode: 'ReadOnly' }, 'note', 'is ReadOnly for backups'],
    ['has seen no restore', { hasJournal: false }, 'note', 'is tried by the first restore'],
  ])('%s', (_, change, verdict, says) => {
    const checks = judgeLocations([{ ...facts, ...change }])
    expect(checks).toContainEqual(expect.objectContaining({ verdict, says: expect.stringContaining(says) }))
    for (const check of checks) expect('todo' in check).toBe(check.verdict === 'finding')
  })

  it('is missed where there is none', () => {
    expect(judgeLocations([])).toMatchObject([{ verdict: 'finding', says: 'there is no BackupStorageLocation' }])
  })
})
