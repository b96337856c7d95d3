import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { evidenceVariable, keepEvidence, keepStackEvidence, noteSecrets } from './evidence.ts'
import { fixtureSecrets } from './fixture-secrets.ts'
import { judgeSearch, searchEvidence, tellSearch } from './search-evidence.ts'

const value = 'hunter2 "hunter3"\nhunter4'
const secrets = [{ of: 'shop/key, key password', value: Buffer.from(value) }]
const manifest = JSON.stringify({ kind: 'Secret', data: { password: Buffer.from(value).toString('base64') } })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-evidence-'))
  vi.stubEnv(evidenceVariable, folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const foundIn = (content: string | Buffer): string[] => {
  writeFileSync(join(folder, 'worker-log.txt'), content)
  return searchEvidence([folder], secrets).found
}

describe('the search for values of Secrets after a run', () => {
  it.each([
    ['as it is', `before ${value} after`],
    ['as a JSON text', JSON.stringify({ message: `denied: ${value}` })],
    ['in base64', manifest],
    ['in base64', Buffer.from(`x${value}`).toString('base64')],
    ['in base64', Buffer.from(`xy${value}z`).toString('base64')],
    ['in base64 twice', Buffer.from(manifest).toString('base64')],
    ['in base64', gzipSync(manifest)],
    ['in base64', Buffer.concat([Buffer.from('key'), gzipSync(gzipSync(manifest)), Buffer.from('more')])],
    ['in base64', `{"data":"${gzipSync(manifest).toString('base64')}"}`],
  ])('finds one %s: case %#', (form, content) => {
    expect(foundIn(content)).toContain(`worker-log.txt: the value of Secret shop/key, key password, ${form}`)
  })

  it('finds nothing where there is none, and tells no value of what it finds', () => {
    expect(foundIn('hunter2 "hunter3" hunter4')).toEqual([])
    expect(foundIn(value).join()).not.toContain('hunter')
  })

  it('finds one in a row of a database that its pages cut in pieces, and in what a killed server had not moved there', () => {
    const database = new DatabaseSync(join(folder, 'temporal.db'))
    database.exec('PRAGMA journal_mode=WAL; CREATE TABLE history_node (data BLOB, note TEXT)')
    const insert = database.prepare('INSERT INTO history_node VALUES (?, ?)')
    // Pages have 4,096 bytes.
    for (let before = 4000; before < 4100; before++) insert.run(Buffer.from('x'.repeat(before) + value), 'none')
    insert.run(Buffer.alloc(0), value)
    const search = searchEvidence([folder], secrets)
    database.close()
    expect(search).toMatchObject({ values: 1, files: 1, rows: 101 })
    expect(search.found.filter((line) => line.includes('history_node.data'))).toHaveLength(100)
    expect(search.found.filter((line) => line.includes('history_node.note'))).toHaveLength(1)
  })

  it('fails the run where one is found, or where nothing was searched', () => {
    keepEvidence('events', JSON.stringify({ note: `denied: ${value}` }))
    expect(() => judgeSearch(searchEvidence([folder], secrets))).toThrow(
      /events-\d+\.txt: the value of Secret shop\/key/,
    )
    expect(() => judgeSearch(searchEvidence([folder], []))).toThrow('saw nothing')
    const clean = { values: 1, files: 2, rows: 3, bytes: 4_000_000, found: [] }
    expect(() => judgeSearch(clean)).not.toThrow()
    for (const none of ['values', 'files', 'rows'])
      expect(() => judgeSearch({ ...clean, [none]: 0 })).toThrow('saw nothing')
    expect(tellSearch(clean)).toBe(
      "1 values of Secrets were looked for in 2 files and 3 rows of Temporal's databases, 4.0 MB: none found",
    )
  })

  it('finds one in what a stack leaves: in the pages and results of its bucket, not in backups, journals and what Velero did', () => {
    const stack = mkdtempSync(join(tmpdir(), 'drydock-stack-'))
    const put = (path: string): void => {
      mkdirSync(dirname(join(stack, path)), { recursive: true })
      writeFileSync(join(stack, path), gzipSync(value))
    }
    put('s3/data/velero/backups/shop/shop.tar.gz')
    put('s3/data/velero/prefix/restores/ours/drydock/uid/outcomes.json.gz')
    put('s3/data/velero/prefix/restores/ours/restore-ours-results.gz')
    put('s3/data/velero/prefix/restores/ours/restore-ours-report.html')
    put('s3/data/velero/restores/of-velero/restore-of-velero-logs.gz')
    keepStackEvidence(stack)
    rmSync(stack, { recursive: true })
    expect(searchEvidence([folder], secrets).found.map((line) => /[^/]+(?=: the value)/.exec(line)?.[0])).toEqual(
      expect.arrayContaining(['restore-ours-report.html', 'restore-ours-results.gz']),
    )
    expect(searchEvidence([folder], secrets)).toMatchObject({ files: 2 })
  })

  it('looks for the values of Secrets that a test made up as well, but for those that are too short to tell', () => {
    const metadata = { name: 'made', namespace: 'up' }
    const data = { long: Buffer.from('a long value of a test').toString('base64'), short: 'dmFsdWU=' }
    noteSecrets([{ apiVersion: 'v1', kind: 'Secret', metadata, data }])
    noteSecrets([{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { plain: 'everybody may read this' } }])
    expect(foundIn('value; a long value of a test; everybody may read this')).toEqual([
      'worker-log.txt: the value of Secret up/made, key long, as it is',
    ])
  })

  it('knows the values of the recorded backups, without those that other objects hold', async () => {
    const found = await fixtureSecrets(fileURLToPath(new URL('../../fixtures/backups', import.meta.url)))
    expect(found.map(({ of }) => of)).toContain('shop/web-token-legacy, key token')
    expect(found.map(({ of }) => of)).not.toContain('shop/web-token-legacy, key ca.crt')
    expect(found.length).toBeGreaterThan(2500)
  })
})
