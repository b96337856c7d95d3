import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeBackupFolder } from '../../bench/backups/backup-folder.ts'
import type { BackedUp } from '../../bench/backups/backup-folder.ts'
import { applications, podsWithClaims, smallObjects } from '../../bench/backups/made-up-objects.ts'
import { makePreparer, rawWrite } from '../../bench/raw/raw-writes.ts'
import type { RawTask } from '../../bench/raw/raw-writes.ts'
import { readTarball } from '../../bench/raw/read-tarball.ts'
import { usualWorkloads, workloads } from '../../bench/workloads.ts'

const backup = [...smallObjects(1, 1)]
const prepare = makePreparer('bulk')
const callsOf = (item: BackedUp, task: RawTask) => rawWrite(prepare(item)!, task)
const secret = backup.find(([resource]) => resource === 'secrets')!
const restore = (mode: 'exact' | 'owners', exists = false): RawTask => ({ do: 'restore', mode, exists })
const verbs = (item: BackedUp, task: RawTask) => callsOf(item, task).map(({ method }) => method)

describe('the raw writes', () => {
  it('are one create where one write gives the owners, with the labels of a restore', () => {
    const [create, ...more] = callsOf(secret, restore('owners'))
    expect(more).toEqual([])
    expect(create?.path).toBe('/api/v1/namespaces/bulk-0/secrets?fieldManager=deployer&timeout=10s')
    expect(JSON.parse(create?.body ?? '')).toMatchObject({
      metadata: { labels: { 'velero.io/backup-name': 'bulk', 'velero.io/restore-name': 'raw' } },
    })
    expect(create?.body).not.toContain('managedFields')
  })

  it('are a create and a patch of the owners in mode exact', () => {
    const [, patch] = callsOf(secret, restore('exact'))
    expect(patch?.method).toBe('PATCH')
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      metadata: { uid: '{uid}', managedFields: secret[1].metadata.managedFields },
    })
  })

  it('over existing objects are a patch in both modes', () => {
    expect(callsOf(secret, restore('exact', true))).toEqual(callsOf(secret, restore('owners', true)))
    expect(verbs(secret, restore('owners', true))).toEqual(['PATCH'])
    const [patch] = callsOf(secret, restore('owners', true))
    expect(JSON.parse(patch?.body ?? '')).toMatchObject({ data: secret[1]['data'] })
  })

  it('that come before a restore make objects with other data and without its labels', () => {
    const [create] = callsOf(secret, { do: 'prepare' })
    expect(create?.body).not.toContain('velero.io/')
    expect(JSON.parse(create?.body ?? '')).toMatchObject({ data: { token: 'Y2hhbmdlZA==' } })
  })
})

describe('a made-up backup', () => {
  let dir = ''
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'drydock-bench-test-'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('is read back in the order of a restore', async () => {
    await writeBackupFolder(dir, 'apps', applications(2, 1))
    const items = await readTarball(join(dir, 'apps.tar.gz'))
    const resources = items.map(([resource]) => resource)
    expect([...new Set(resources)]).toEqual(['namespaces', 'configmaps', 'services', 'deployments.apps'])
    expect(items).toHaveLength(8)
  })

  it('shows where one write restores the owners, and where Helm may apply the object again, so that it takes two', () => {
    const needMore = (made: Iterable<BackedUp>) => {
      const found = [...made].filter((item) => verbs(item, restore('owners')).length > 1)
      return [...new Set(found.map(([resource]) => resource))]
    }
    expect(needMore([...podsWithClaims(1), ...backup])).toEqual(['serviceaccounts'])
    expect(needMore(applications(1, 1))).toEqual(['configmaps', 'services', 'deployments.apps'])
  })

  it('has as many objects as its workload says, and fewer at a smaller scale', () => {
    const countOf = (name: string, scale: number) => {
      const { items } = workloads.find((one) => one.name === name)!
      return [...items!(scale)].length
    }
    expect(countOf('applications', 1)).toBe(3_050)
    expect(countOf('applications', 0.1)).toBe(305)
    expect(countOf('pods', 1)).toBe(602)
    expect(countOf('bulk100k', 0.01)).toBe(20 + 20 * 25 * 2)
    expect(usualWorkloads.filter((name) => !workloads.some((one) => one.name === name))).toEqual([])
  })
})
