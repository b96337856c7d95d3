import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../../client/cli/bin.cjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'drydock-bin-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Makes a Node say that it is an old one. */
const old = join(dir, 'old.cjs')
writeFileSync(old, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })\n")

describe('npx velero-drydock on a machine with an old Node', () => {
  it('runs by the installed one, and passes arguments and exit codes on', () => {
    const run = (...argv: string[]) => spawnSync(process.execPath, ['-r', old, bin, ...argv], { encoding: 'utf8' })
    const dry = run('start', '--from-backup', 'a b', '--name', 'n', '--dry-run', '-o', 'json')
    expect(JSON.parse(dry.stdout)).toMatchObject({ metadata: { name: 'n' }, spec: { backupName: 'a b' } })
    expect(dry.status).toBe(0)
    expect(run('start').status).toBe(2)
  })

  it('waits for what its standard input will say', async () => {
    const child = spawn(process.execPath, ['-r', old, bin, 'start', '--file', '-', '--dry-run', '-o', 'json'])
    const said = text(child.stdout)
    await sleep(1_500)
    child.stdin.end('{ apiVersion: velero.io/v1, kind: Restore, metadata: { name: late }, spec: { backupName: b } }')
    expect(JSON.parse(await said)).toMatchObject({ metadata: { name: 'late' } })
  })

  it('passes signals on and ends as its child did', async () => {
    const child = spawn(process.execPath, ['-r', old, bin, 'start', '--file', '-'])
    const ended = once(child, 'exit')
    await sleep(2_500)
    child.kill('SIGTERM')
    expect(await ended).toEqual([null, 'SIGTERM'])
  })
})
