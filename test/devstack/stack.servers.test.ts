import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBucket, uploadFolder } from '../../devstack/bucket.ts'
import { checkLocation } from '../../devstack/cluster/check-location.ts'
import { startCluster } from '../../devstack/cluster.ts'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import { isRunning, markProcess, type ProcessMark } from '../../devstack/processes/process-mark.ts'
import { startStack } from '../../devstack/stack.ts'
import type { FullStack } from '../../devstack/stack-types.ts'
import { readState } from '../../devstack/state.ts'
import { stopStack } from '../../devstack/stop-stack.ts'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../../devstack/main.ts', import.meta.url))
const base = mkdtempSync(join(tmpdir(), 'drydock-stack-'))
/** Each of the servers may take a minute to answer. */
const upSeconds = 240

let stack: FullStack

beforeAll(async () => {
  stack = await startStack({ dir: join(base, 'one'), audit: true, backups: ['shop'] })
}, upSeconds * 1000)

afterAll(async () => {
  for (const name of ['one', 'two', 'three', 'four']) await stopStack(join(base, name))
  rmSync(base, { recursive: true })
})

describe('a stack that is up', () => {
  it('serves Velero’s resources, the location as Available and the recorded backup', async () => {
    const items = await veleroItems(['backups', 'backupstoragelocations', 'restores', 'datadownloads'])
    expect(items['backups']).toMatchObject([{ metadata: { name: 'shop' }, status: { phase: 'Completed' } }])
    expect(items['backupstoragelocations']).toMatchObject([
      { metadata: { name: 'default' }, status: { phase: 'Available' } },
    ])
    expect(items['restores']).toEqual([])
    expect(items['datadownloads']).toEqual([])
  })

  it('has the recorded backup in its bucket, with an ETag', async () => {
    const client = openBucket(stack.s3)
    const answer = await client.send(new GetObjectCommand({ Bucket: stack.s3.bucket, Key: 'backups/shop/shop.tar.gz' }))
    const recorded = readFileSync(new URL('../fixtures/backups/shop/shop.tar.gz', import.meta.url))
    expect(answer.ETag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(Buffer.from(await answer.Body!.transformToByteArray()).equals(recorded)).toBe(true)
    client.destroy()
  })

  it('lets the second user read but neither write nor see Secrets', async () => {
    const client = openKubeClient({ url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.readonly })
    expect((await client.request('GET', '/api/v1/namespaces/default/configmaps')).status).toBe(200)
    expect((await client.request('GET', '/api/v1/namespaces/velero/secrets')).status).toBe(403)
    expect(
      (await client.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })).status,
    ).toBe(403)
    await client.close()
  })

  it('has written a request to the audit log before it is answered', async () => {
    const client = openKubeClient({ url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.admin })
    await client.must('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'audited' } })
    const events = readFileSync(stack.auditLog!, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent)
    expect(events.filter((event) => event.verb === 'create' && event.objectRef?.name === 'audited')).toHaveLength(1)
    await client.close()
  })

  it('is shown by `status`, `env` and `up` without being started again', async () => {
    const status = await stackCommand('status')
    for (const [name, pid] of Object.entries(stack.pids)) expect(status).toMatch(new RegExp(`${name} .* ${pid} .*yes`))
    expect(await stackCommand('env')).toContain(`export TEMPORAL_ADDRESS='${stack.temporal.address}'\n`)
    expect(await stackCommand('up')).toContain('The stack is already up.')
  })

  it(
    'gives a second cluster a place in its etcd',
    async () => {
      const etcd = { address: stack.etcd, prefix: '/second' }
      const cluster = await startCluster({
        dir: join(base, 'two'),
        etcd,
        location: { s3: stack.s3, prefix: 'elsewhere' },
      })
      expect(Object.keys(cluster.pids)).toEqual(['kube-apiserver'])
      expect(await clusterId(cluster)).not.toBe(await clusterId(stack))
      await stopStack(cluster.dir)
    },
    upSeconds * 1000,
  )

  it('makes the location Unavailable when something foreign stands at its top', async () => {
    const folder = join(base, 'foreign')
    await run('mkdir', ['-p', folder])
    writeFileSync(join(folder, 'file'), 'x')
    await uploadFolder(stack.s3, folder, 'odd/photos/')
    await uploadFolder(stack.s3, folder, 'odd/backups/')
    expect(await checkLocation(stack.s3, 'odd')).toEqual({
      phase: 'Unavailable',
      message: 'folders that Velero does not know: photos',
    })
    expect(await checkLocation({ ...stack.s3, bucket: 'nobody-has-it' })).toMatchObject({ phase: 'Unavailable' })
  })

  it('leaves neither a process nor a file when it goes down, and going down twice is fine', async () => {
    const marks = Object.values(readState(stack.dir)!.services)
    expect(marks.every(isRunning)).toBe(true)
    await stackCommand('down')
    expect(marks.filter(isRunning)).toEqual([])
    expect(existsSync(stack.dir)).toBe(false)
    await stackCommand('down')
    await expect(stackCommand('status')).rejects.toMatchObject({ code: 2, stdout: 'There is no stack.\n' })
  })
})

describe('a stack that is coming up', () => {
  it(
    'is cleaned up when it is interrupted',
    async () => {
      const dir = join(base, 'three')
      const up = spawn(process.execPath, [main, '--dir', dir, 'up'], { stdio: 'ignore' })
      const marks = await servicesOf(dir)
      up.kill('SIGINT')
      expect(await new Promise((done) => up.once('exit', done))).toBe(130)
      expect(marks.filter(isRunning)).toEqual([])
      expect(existsSync(dir)).toBe(false)
    },
    upSeconds * 1000,
  )

  it(
    'is cleaned up by the next `down` when its starter is killed',
    async () => {
      const dir = join(base, 'four')
      const up = spawn(process.execPath, [main, '--dir', dir, 'up'], { stdio: 'ignore' })
      const marks = await servicesOf(dir)
      up.kill('SIGKILL')
      await new Promise((done) => up.once('exit', done))
      expect(marks.some(isRunning)).toBe(true)
      await stopStack(dir)
      expect(marks.filter(isRunning)).toEqual([])
    },
    upSeconds * 1000,
  )
})

describe('stopping a stack', () => {
  it('never ends a process that only has the pid of a former server', async () => {
    const dir = join(base, 'five')
    const other = spawn('sleep', ['60'], { detached: true })
    await run('mkdir', ['-p', dir])
    const services = { etcd: { pid: other.pid, startedAt: 'long ago', address: '' } }
    writeFileSync(join(dir, 'state.json'), JSON.stringify({ version: 1, services }))
    await stopStack(dir)
    expect(markProcess(other.pid!)).toBeDefined()
    expect(existsSync(dir)).toBe(false)
    other.kill('SIGKILL')
  })

  it('neither uses nor removes a folder that holds something else', async () => {
    const dir = join(base, 'mine')
    await run('mkdir', ['-p', dir])
    writeFileSync(join(dir, 'precious'), 'x')
    await stopStack(dir)
    await expect(startCluster({ dir })).rejects.toThrow('is not the folder of a stack')
    await stopStack(dir)
    expect(existsSync(join(dir, 'precious'))).toBe(true)
  })
})

interface AuditEvent {
  verb: string
  objectRef?: { name?: string }
}

async function stackCommand(...args: string[]): Promise<string> {
  return (await run(process.execPath, [main, '--dir', stack.dir, ...args])).stdout
}

async function veleroItems(plurals: string[]): Promise<Record<string, unknown>> {
  const client = openKubeClient({ url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.admin })
  const items: Record<string, unknown> = {}
  for (const plural of plurals) {
    const version = plural.startsWith('data') ? 'v2alpha1' : 'v1'
    const answer = await client.must('GET', `/apis/velero.io/${version}/namespaces/velero/${plural}`)
    items[plural] = (answer.body as { items: unknown }).items
  }
  await client.close()
  return items
}

async function clusterId(cluster: { kubeUrl: string; kubeCa: string; tokens: { admin: string } }): Promise<string> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  const { body } = await client.must('GET', '/api/v1/namespaces/kube-system')
  await client.close()
  return (body as { metadata: { uid: string } }).metadata.uid
}

/** Waits until at least two servers have been started in a folder. */
async function servicesOf(dir: string): Promise<ProcessMark[]> {
  for (;;) {
    const marks = Object.values(readState(dir)?.services ?? {})
    if (marks.length >= 2) return marks
    await new Promise((done) => setTimeout(done, 20))
  }
}
