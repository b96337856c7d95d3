import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { awaitRestore, createRestore, getRestore, withAdmin } from '../../kit/restores.ts'
import { manyItems, slowly } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient, startClient } from '../../kit/client.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

let cluster: TestCluster

beforeAll(async () => {
  cluster = await freshCluster({ backups: ['shop'], readonlyUser: true })
  await putBackup(cluster, manyItems('many'))
  await putBackup(cluster, manyItems('more', { count: 1500 }))
  await startWorker(cluster, slowly)
})

const client = (...argv: string[]) => runClient(cluster, argv)
const configMapsInto = (namespace: string) =>
  ['--from-backup', 'shop', '--include-resources', 'configmaps', '--namespace-mappings', `shop:${namespace}`] as const

describe('drydock start --wait', () => {
  it('restores a backup, prints lines on a pipe and ends with 0', async () => {
    await holdNamespace(cluster, 'waited')
    const waiting = startClient(cluster, ['start', 'waited', ...configMapsInto('waited'), '--wait'])
    const isTold = () => /^\d\d:\d\d:\d\d InProgress/m.test(waiting.out())
    await waitUntil(isTold, 60_000, 'a line about the restore that runs')
    await letNamespaceGo(cluster, 'waited')
    const { code, out } = await waiting.all()
    expect(out).toContain('Restore "waited" is created in namespace velero')
    expect(out).toMatch(/Restore "waited" Completed: \d+ items, 0 warnings, 0 errors/)
    expect(out).not.toContain('\u001b')
    expect(code).toBe(0)
  })

  it('gives programs the outcome alone', async () => {
    const { code, out } = await client(
      'start',
      'json',
      '--from-backup',
      'shop',
      '--include-resources',
      'configmaps',
      '-w',
      '--result',
      'json',
    )
    expect(JSON.parse(out)).toMatchObject({ name: 'json', phase: expect.stringMatching(/Completed|PartiallyFailed/) })
    expect([0, 3]).toContain(code)
  })

  it('takes a file as kubectl would, and refuses a field that does not exist', async () => {
    const file = join(cluster.dir, 'restore.yaml')
    const yaml = (field: string) =>
      `apiVersion: velero.io/v1\nkind: Restore\nmetadata: { name: by-file }\nspec:\n  backupName: shop\n  ${field}: [configmaps]\n`
    writeFileSync(file, yaml('includedResource'))
    const refused = await client('start', '--file', file)
    expect(refused.err).toContain('unknown field "spec.includedResource"')
    expect(refused.code).toBe(1)
    writeFileSync(file, yaml('includedResources'))
    expect((await client('start', '--file', file, '--wait')).code).toBe(0)
  })

  it('refuses what cannot work before anything is created', async () => {
    const typo = await client('start', 'never', '--from-backup', 'shpo')
    expect(typo).toEqual({ code: 6, out: '', err: 'No such backup "shpo" in namespace velero; did you mean "shop"?\n' })
    const contradiction = await client(
      'start',
      'never',
      '--from-backup',
      'shop',
      '--include-namespaces',
      'a',
      '--exclude-namespaces',
      'a',
    )
    expect(contradiction.code).toBe(2)
    expect(contradiction.err).toMatch(
      /^the restore would not be valid: .*excludes list cannot contain an item in the includes list: a\n$/,
    )
    expect((await client('start', 'never', '--from-backup', 'shop', '--wait', '-o', 'yaml')).code).toBe(0)
    const schedule = await client('start', 'never', '--from-schedule', 'nightly')
    expect(schedule.code).toBe(6)
    expect(await getRestore(cluster, 'never')).toBeUndefined()
  })

  it('refuses a name that is taken', async () => {
    await createRestore(cluster, { name: 'taken', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    const { code, err } = await client('start', 'taken', '--from-backup', 'shop')
    expect({ code, err }).toEqual({ code: 1, err: 'A restore "taken" exists already in namespace velero\n' })
  })
})

describe('drydock doctor', () => {
  it('finds nothing to mend where a worker runs', async () => {
    const { code, out, err } = await client('doctor')
    expect(err).toBe('')
    expect(out).toMatch(/^ok {4}workers +1 worker polls task queue drydock-[-0-9a-f]+-velero: without a version$/m)
    expect(out).toMatch(/^ok {4}bucket +backup location "default" \(.*\) can be read, with 3 backups$/m)
    expect(out).toMatch(/\n\nNothing to mend\n$/)
    expect(code).toBe(0)
  })

  it('checks the rest where Temporal is away and rights are missing, and says what to do', async () => {
    const argv = ['doctor', '--context', 'drydock-readonly', '-o', 'json']
    const { code, out } = await runClient(cluster, argv, { TEMPORAL_ADDRESS: '127.0.0.1:1' })
    const { findings, checks } = JSON.parse(out) as { findings: number; checks: { verdict: string; says: string }[] }
    const told = checks.filter(({ verdict }) => verdict === 'finding').map(({ says }) => says)
    expect(told).toHaveLength(findings)
    expect(told).toContainEqual(expect.stringContaining('Temporal at 127.0.0.1:1 does not answer'))
    expect(told).toContainEqual(expect.stringContaining('user drydock-readonly lacks rights that a worker needs: '))
    expect(checks).toContainEqual(expect.objectContaining({ verdict: 'ok', subject: 'Velero' }))
    expect(code).toBe(1)
  })
})

describe('a restore that runs', () => {
  it('pauses, goes on, and is cancelled with a reason; watch ends with 5', async () => {
    await client('start', 'steered', '--from-backup', 'more')
    const watching = startClient(cluster, ['watch', 'steered', '-o', 'json'])
    await awaitRestore(cluster, 'steered', ({ status }) => status?.phase === 'InProgress')
    expect((await client('pause', 'steered', '--reason', 'lunch')).code).toBe(0)
    await waitUntil(() => watching.out().includes('paused lunch'), 60_000, 'watch to tell of the pause')
    // A worker with chunks to end may be too busy to answer a question in time.
    const describes = async () => (await client('describe', 'steered')).out.includes('paused lunch')
    await waitUntil(describes, 60_000, 'describe to tell of the pause')
    expect((await client('resume', 'steered')).code).toBe(0)
    expect((await client('cancel', 'steered', '--reason', 'wrong backup')).out).toContain('is asked to stop')
    expect(await watching.ended).toBe(5)
    expect((await getRestore(cluster, 'steered'))?.status).toMatchObject({
      phase: 'Failed',
      failureReason: 'cancelled: wrong backup',
    })
    const again = await client('cancel', 'steered')
    expect(again).toEqual({ code: 1, out: '', err: 'Restore "steered" is over already: Failed\n' })
  })

  it('goes on after Ctrl-C, and says so', async () => {
    const waiting = startClient(cluster, [
      'start',
      'left',
      '--from-backup',
      'more',
      '--existing-resource-policy',
      'update',
      '--wait',
    ])
    await waitUntil(() => waiting.out().includes('InProgress'), 60_000, 'the restore to run')
    const following = startClient(cluster, ['logs', 'left', '--follow'])
    waiting.kill('SIGINT')
    expect(await waiting.ended).toBe(130)
    expect(waiting.err()).toMatch(/^Restore "left" goes on\./)
    await client('cancel', 'left', '--reason', 'test', '--wait')
    expect(await following.ended).toBe(0)
    expect(following.out()).toMatch(/^time="\S+" level=info msg=".+" groupResource=\w+ /m)
  })

  it('is watched in 40 columns', async () => {
    const { lines, code } = await startClient(cluster, ['start', 'narrow', '--from-backup', 'many', '--wait'], {
      columns: 40,
    }).terminal()
    const bars = lines.filter((line) => /[█░]|wave/.test(line))
    expect(bars.length).toBeGreaterThan(0)
    for (const line of bars) expect(line.length).toBeLessThanOrEqual(40)
    expect([0, 3]).toContain(code)
  })

  it('does not mind a reader that goes away', async () => {
    const { code, err } = await startClient(cluster, ['list', '-o', 'json'], { closeOutput: true }).all()
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })
})

describe('a restore that is over', () => {
  it('is listed, described and has its log', async () => {
    await client('start', 'seen', '--from-backup', 'shop', '--include-resources', 'secrets', '--wait')
    expect((await client('list')).out).toMatch(/^NAME +PHASE[^]*^seen +(Completed|PartiallyFailed) +shop/m)
    const listed = JSON.parse((await client('list', '-o', 'json')).out) as { items: { metadata: { name: string } }[] }
    expect(listed.items.map((item) => item.metadata.name)).toContain('seen')
    const described = (await client('describe', 'seen')).out
    expect(described).toContain('includedResources:')
    expect(described).toMatch(/Workflow: +restore\/velero\/seen\//)
    expect((await client('describe', 'seen', '-o', 'yaml')).out).toContain('backupName: shop')
    expect((await client('logs', 'seen', '--timeout', '20s')).out).toContain('restore=velero/seen')
    expect((await client('top')).out).toMatch(/^NAMESPACE +NAME +PHASE[^]*^velero +seen +(Completed|PartiallyFailed) /m)
    const both = await client('watch', 'seen', 'seen-again')
    expect(both.out + both.err).toMatch(/"seen-again"/)
    expect((await client('report', 'seen')).out).toMatch(
      /<h1>Restore <bdi>seen<.*The restore of backup <bdi>shop<.* created/s,
    )
  })

  it('is described with what the results of Velero do not say', async () => {
    await client('start', 'nothing', '--from-backup', 'shop', '--include-namespaces', 'shpo', '--wait')
    expect((await client('describe', 'nothing')).out).toMatch(/^Remarks: +Nothing to restore: .* shpo$/m)
  })

  it('is got, described in detail and deleted as by velero', async () => {
    await client('restore', 'create', 'old', '--from-backup', 'shop', '--include-resources', 'configmaps', '--wait')
    const got = JSON.parse((await client('get', 'restore', 'old', '-ojson')).out) as { metadata: { name: string } }
    expect(got.metadata.name).toBe('old')
    expect((await client('restore', 'describe', 'old', '--details')).out).toMatch(/^Items:\n {2}v1\/ConfigMap:/m)
    const unasked = await client('restore', 'delete', 'old')
    expect(unasked.code).toBe(2)
    expect(unasked.err).toContain('nothing is deleted')
    expect((await client('restore', 'delete', 'old', '--confirm')).out).toContain('Restore "old" is being deleted')
    await waitUntil(async () => (await getRestore(cluster, 'old')) === undefined, 60_000, 'the Restore to be gone')
  })

  it('is asked for by its right name', async () => {
    const { code, err } = await client('describe', 'sene')
    expect(code).toBe(6)
    expect(err).toMatch(/^No such restore "sene" in namespace velero; did you mean .*"seen"/)
  })
})

describe('servers that are away or refuse', () => {
  it('a forbidden verb is one line and 8', async () => {
    const { code, err } = await client('start', 'never', '--from-backup', 'shop', '--context', 'drydock-readonly')
    expect(code).toBe(8)
    expect(err).toMatch(/^the cluster forbids it: restores\.velero\.io is forbidden: .*\n$/)
    expect(err.trimEnd()).not.toContain('\n')
  })

  it('an expired token is one line and 8', async () => {
    const file = join(cluster.dir, 'expired.kubeconfig')
    writeFileSync(file, readFileSync(cluster.kubeconfig, 'utf8').replaceAll(cluster.tokens.admin, 'expired'))
    const { code, err } = await client('list', '--kubeconfig', file)
    expect(code).toBe(8)
    expect(err).toMatch(/^the cluster refuses the credentials, perhaps the token has expired: .*\n$/)
  })

  it('no cluster is one line and 8', async () => {
    const file = join(cluster.dir, 'nowhere.kubeconfig')
    writeFileSync(file, readFileSync(cluster.kubeconfig, 'utf8').replaceAll(cluster.kubeUrl, 'https://127.0.0.1:1'))
    const { code, err } = await client('list', '--kubeconfig', file)
    expect(code).toBe(8)
    expect(err).toMatch(/^the cluster cannot be reached: .*ECONNREFUSED.*\n$/)
  })

  it('a kubeconfig that is missing and a context that is unknown are one line and 2', async () => {
    const missing = await client('list', '--kubeconfig', '/nowhere')
    expect(missing).toEqual({ code: 2, out: '', err: 'the kubeconfig /nowhere does not exist\n' })
    const { code, err } = await client('list', '--kubecontext', 'nope')
    expect(code).toBe(2)
    expect(err).toMatch(/^the kubeconfig has no context "nope"; it has [^\n]*"drydock-readonly"[^\n]*\n$/)
  })

  it('without Temporal a Restore is created all the same, and a worker takes it', async () => {
    const { code, out, err } = await runClient(
      cluster,
      ['start', 'alone', '--from-backup', 'shop', '--include-resources', 'configmaps', '--wait'],
      { TEMPORAL_ADDRESS: '127.0.0.1:1' },
    )
    expect(err).toMatch(
      /^Temporal at 127\.0\.0\.1:1 does not answer: .*; the Restore is created, and a worker that watches the cluster will take it\n$/,
    )
    expect(out).toContain('Restore "alone"')
    expect([0, 3]).toContain(code)
  })

  it('without Temporal pause and cancel go by annotation', async () => {
    const away = { TEMPORAL_ADDRESS: '127.0.0.1:1' }
    // It takes the client seconds to give Temporal up, in which a restore that is not held might end.
    await holdNamespace(cluster, 'far')
    await client('start', 'far', ...configMapsInto('far'))
    const pause = await runClient(cluster, ['pause', 'far'], away)
    expect({ code: pause.code, err: pause.err }).toEqual({ code: 0, err: '' })
    expect(pause.out).toContain('which cannot be reached now')
    const describes = async () => (await client('describe', 'far')).out.includes('paused by drydock pause')
    await waitUntil(describes, 60_000, 'the pause by annotation')
    expect((await runClient(cluster, ['cancel', 'far', '--reason', 'by note'], away)).out).toContain('by an annotation')
    const { status } = await awaitRestore(cluster, 'far')
    expect(status).toMatchObject({ phase: 'Failed', failureReason: 'cancelled: by note' })
  })

  it('a namespace without Velero is told as what it is', async () => {
    await withAdmin(cluster, (admin) => admin.must('POST', '/api/v1/namespaces', { metadata: { name: 'empty' } }))
    const { code, err } = await client('start', '--from-backup', 'shop', '-n', 'empty')
    expect({ code, err }).toEqual({ code: 6, err: 'No such backup "shop" in namespace empty; there is none at all\n' })
  })

  it('search attributes are registered once', async () => {
    expect((await client('search-attributes', 'register')).code).toBe(0)
    expect((await client('search-attributes', 'register')).out).toContain('All search attributes are there')
    expect(
      (await runClient(cluster, ['search-attributes', 'register'], { TEMPORAL_ADDRESS: '127.0.0.1:1' })).code,
    ).toBe(7)
  })
})
