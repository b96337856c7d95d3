import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../client/bin.cjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'drydock-bin-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Makes a Node say that it is an old one. */
const old = join(dir, 'old.cjs')
writeFileSync(old, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })\n")

describe('npx drydock on a machine with an old Node', () => {
  it('runs by the installed one, and passes arguments and exit codes on', () => {
    const run = (...argv: string[]) => spawnSync(process.execPath, ['-r', old, bin, ...argv], { encoding: 'utf8' })
    const dry = run('start', '--from-backup', 'a b', '--name', 'n', '--dry-run', '-o', 'json')
    expect(JSON.parse(dry.stdout)).toMatchObject({ metadata: { name: 'n' }, spec: { backupName: 'a b' } })
    expect(dry.status).toBe(0)
    expect(run('start').status).toBe(2)
  })
})
