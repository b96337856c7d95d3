import { PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import type { DrillRecord } from '../../../core/drill/drill-record.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { runClient } from '../../kit/client.ts'
import { startReceiver } from '../../kit/servers/notify-receiver.ts'
import type { Received, Receiver } from '../../kit/servers/notify-receiver.ts'
import { awaitRestore, createRestore, listKeys, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, eventsOf, listVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { askWorker, startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'
import { items, storageClass } from './nightly-backup.ts'
import { canDraw, commandShown, drawCommands } from '../client/draw-pages.ts'
import { dumpCluster } from '../../parity/dump-cluster.ts'
import { startProvisioner } from '../../velero-e2e/provisioner.ts'

const secret = 'a secret of the receiver'

const shortened = (line: string) => (line.length > 118 ? `${line.slice(0, 117)}…` : line)

/** Puts a backup of Velero's Schedule `nightly` there, begun at that time. */
async function putNightly(cluster: TestCluster, name: string, startTimestamp: string): Promise<void> {
  await putBackup(cluster, { name, items })
  await patchVelero(cluster, 'backups', name, {
    metadata: { labels: { 'velero.io/schedule-name': 'nightly' } },
    status: { startTimestamp },
  })
}

describe('a drill', () => {
  let cluster: TestCluster
  let worker: TestWorker
  let receiver: Receiver
  const startOne = async () => {
    worker = await startWorker(cluster, { DRYDOCK_NOTIFY_URL: receiver.url, DRYDOCK_NOTIFY_SECRET: secret })
  }
  const drill = (...argv: string[]) => runClient(cluster, ['drill', ...argv])
  const dump = () => dumpCluster(cluster, cluster.veleroNamespace)
  const shows = (series: string, isIt: (value: number) => boolean) => async () => {
    const { text } = await askWorker(worker, '/metrics')
    const line = text.split('\n').find((one) => one.startsWith(`${series} `))
    return line !== undefined && isIt(Number(line.slice(series.length + 1)))
  }
  const labels = () => `velero_namespace="${cluster.veleroNamespace}",drill="nightly"`
  const volumes = async () => {
    const { body } = await withAdmin(cluster, (admin) => admin.must('GET', '/api/v1/persistentvolumes'))
    return (body as { items: Manifest[] }).items
  }
  const reports = () => listKeys(cluster, 'metadata/drydock/drills/')

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], with: ['controllerManager'] })
    const template = { storageLocation: 'default' }
    await createVelero(cluster, 'schedules', {
      apiVersion: 'velero.io/v1',
      kind: 'Schedule',
      metadata: { name: 'nightly', namespace: cluster.veleroNamespace },
      spec: { schedule: '0 1 * * *', template },
    })
    await putNightly(cluster, 'nightly-1', '2026-11-20T01:00:00Z')
    await withAdmin(cluster, (admin) => admin.must('POST', '/apis/storage.k8s.io/v1/storageclasses', storageClass))
    whenFileIsOver(startProvisioner(cluster, console.error).stop)
    receiver = await startReceiver(secret)
    await startOne()
    // What the controllers make of their own is there before the first dump.
    await waitUntil(async () => 'configmaps|default|kube-root-ca.crt' in (await dump()), 60_000, 'the controllers')
  })

  it('is refused where its time or its source is wrong, each in one sentence', async () => {
    const create = ['create', '--into', 'scratch-']
    const bad = await drill(...create, '--schedule', 'at noon', '--from-schedule', 'nightly')
    expect(bad).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--schedule or --timezone is not understood: .+\n$/),
    })
    const none = await drill(...create, '--schedule', '0 3 * * *', '--from-schedule', 'nightl')
    expect(none).toMatchObject({ code: 6, err: expect.stringContaining('did you mean "nightly"?') })
    expect((await drill('list')).out).toContain('There is no drill')
  })

  it('leaves nothing but its reports, however often it runs, and where its worker is killed: no volume of a class with Retain', async () => {
    const before = await dump()
    const created = await drill(
      'create',
      '--schedule',
      '0 3 * * *',
      '--from-schedule',
      'nightly',
      '--into',
      'scratch-',
      '--keep',
      '2',
    )
    expect(created).toMatchObject({ code: 0, err: '' })
    for (let count = 1; count <= 3; count++) {
      const running = drill('run', 'nightly', '--wait', '-o', 'json')
      await waitUntil(async () => (await volumes()).length > 0, 60_000, 'the claim of the copy to get its volume')
      expect((await volumes())[0]?.['spec']).toMatchObject({ claimRef: { namespace: 'scratch-shop', name: 'data' } })
      if (count === 2) {
        worker.kill('SIGKILL')
        await startOne()
      }
      const run = await running
      const record = JSON.parse(run.out) as DrillRecord
      expect(run, record.sentence).toMatchObject({ code: 0 })
      expect(record).toMatchObject({ ok: true, backup: 'nightly-1', phase: 'Completed', errors: 0 })
      expect(record.seconds).toBeGreaterThanOrEqual(0)
      expect(await dump()).toEqual(before)
      expect(await listVelero(cluster, 'restores')).toEqual([])
      expect(await listKeys(cluster, 'restores/')).toEqual([])
      expect((await reports()).length).toBe(Math.min(count, 2) * 2)
    }
    await waitUntil(() => receiver.received.length === 3, 60_000, 'the notifications')
    expect(receiver.received.map((one) => [receiver.isSigned(one), JSON.parse(one.body).phase])).toEqual(
      Array.from({ length: 3 }, () => [true, 'Completed']),
    )
    const told = await eventsOf(cluster, 'nightly')
    expect(told.map(({ reason }) => reason)).toEqual(['DrillSucceeded', 'DrillSucceeded', 'DrillSucceeded'])
    const success = `drydock_drill_last_success_timestamp_seconds{${labels()}}`
    await waitUntil(
      shows(success, (value) => value > 1_000_000_000),
      60_000,
      'the success to be told',
    )
    const described = (await drill('describe', 'nightly')).out
    expect(described).toMatch(/ok +nightly-1 +\d+ s/)
  })

  it('restores nothing where one of its namespaces exists, says which, and leaves the volume of a claim there alone', async () => {
    const [, claim] = items.find(([resource]) => resource === 'persistentvolumeclaims') ?? []
    const theirs = { ...claim, metadata: { name: 'data', namespace: 'scratch-shop' } }
    await withAdmin(cluster, async (admin) => {
      await admin.must('POST', '/api/v1/namespaces', { metadata: { name: 'scratch-shop' } })
      await admin.must('POST', '/api/v1/namespaces/scratch-shop/persistentvolumeclaims', theirs)
    })
    await waitUntil(async () => 'configmaps|scratch-shop|kube-root-ca.crt' in (await dump()), 60_000, 'the controllers')
    const isBound = async () =>
      (await volumes()).some(({ status }) => (status as { phase?: string })?.phase === 'Bound')
    await waitUntil(isBound, 60_000, 'the claim to get its volume')
    const before = await dump()
    const volume = await volumes()
    expect(volume).toMatchObject([{ spec: { persistentVolumeReclaimPolicy: 'Retain' } }])
    const run = await drill('run', 'nightly', '--wait')
    expect(run.code).toBe(4)
    expect(run.out).toContain('Failed: namespace scratch-shop exists already: give the drill another prefix')
    expect(await dump()).toEqual(before)
    expect(await volumes()).toEqual(volume)
    await withAdmin(cluster, (admin) => admin.must('DELETE', '/api/v1/namespaces/scratch-shop'))
    await waitUntil(async () => !('namespaces||scratch-shop' in (await dump())), 60_000, 'the namespace to go')
    const at = `/api/v1/persistentvolumes/${volume[0]?.metadata.name}`
    await withAdmin(cluster, (admin) => admin.must('DELETE', at))
    await waitUntil(async () => (await volumes()).length === 0, 60_000, 'the volume to go')
  })

  it.skipIf(isMissing('chromium', canDraw))('is pictured in docs/images', async () => {
    const shown = async (...argv: string[]) => {
      const { out } = await drill(...argv)
      return commandShown(['drill', ...argv], out, 120)
    }
    await drawCommands('drill', 120, [await shown('list'), await shown('describe', 'nightly')])
  })

  it('whose backup is broken is told within a minute, by metric, Event and signed webhook, and leaves nothing', async () => {
    const before = await dump()
    await putNightly(cluster, 'nightly-2', '2026-11-21T01:00:00Z')
    const bucket = openBucket(cluster.s3)
    const Key = `${cluster.prefix}/backups/nightly-2/nightly-2.tar.gz`
    await bucket.send(new PutObjectCommand({ Bucket: cluster.s3.bucket, Key, Body: Buffer.from('no tarball') }))
    bucket.destroy()
    const since = Date.now()
    const took = new Map<string, number>()
    const within = async (what: string, isTold: () => boolean | Promise<boolean>) => {
      await waitUntil(isTold, 60_000 - (Date.now() - since), `${what} to tell the failure`)
      took.set(what, Date.now() - since)
    }
    const isFailed = ({ body }: Received) => body.includes('"phase":"Failed"')
    const run = await drill('run', 'nightly', '--wait')
    expect(run.code).toBe(4)
    expect(run.out).toMatch(/^Failed: backup nightly-2 cannot be read: .+$/m)
    const told = (await eventsOf(cluster, 'nightly')).at(-1)
    expect(told).toMatchObject({ type: 'Warning', reason: 'DrillFailed', note: expect.stringContaining('nightly-2') })
    await within('the webhook', () => receiver.received.filter(isFailed).length === 2)
    const notice = receiver.received.findLast(isFailed)
    expect(notice !== undefined && receiver.isSigned(notice)).toBe(true)
    expect(JSON.parse(notice?.body ?? '')).toMatchObject({ drill: 'nightly', backup: 'nightly-2' })
    await within(
      'the counter',
      shows(`drydock_drill_failures_total{${labels()}}`, (value) => value === 2),
    )
    await within(
      'the gauge',
      shows(`drydock_drill_last_ok{${labels()}}`, (value) => value === 0),
    )
    console.info('a broken backup was told after, in ms:', Object.fromEntries(took))
    expect(await dump()).toEqual(before)
    expect((await drill('describe', 'nightly')).out).toMatch(/FAILED/)
  })

  it.skipIf(isMissing('chromium', canDraw))('has its notification pictured in docs/images', async () => {
    const { headers = {}, body = '{}' } = receiver.received.at(-1) ?? {}
    const names = Object.keys(headers).filter((name) => /^(content-type|x-drydock)/.test(name))
    const head = ['POST /hook HTTP/1.1', ...names.map((name) => `${name}: ${String(headers[name])}`), '']
    const lines = [...head, ...JSON.stringify(JSON.parse(body), undefined, 2).split('\n')].map(shortened)
    const [event] = (await eventsOf(cluster, 'nightly')).slice(-1)
    await drawCommands('notification', 120, [
      { caption: 'what the receiver gets', lines },
      {
        caption: 'the Event on the Schedule of Velero',
        lines: [`${event?.type}  ${event?.reason}`, event?.note ?? ''].map(shortened),
      },
    ])
  })

  it('can be paused, resumed and deleted', async () => {
    expect((await drill('pause', 'nightly', '--reason', 'the storage is moved')).code).toBe(0)
    expect((await drill('describe', 'nightly')).out).toContain('none: paused (the storage is moved)')
    expect((await drill('resume', 'nightly')).code).toBe(0)
    expect((await drill('list')).out).toMatch(/nightly .* no /)
    expect((await drill('delete', 'nightly')).code).toBe(0)
    expect((await drill('describe', 'nightly')).code).toBe(6)
    expect((await reports()).length).toBeGreaterThan(0)
  })

  it('restores as a Restore does that takes nothing from outside', async () => {
    await createRestore(cluster, {
      name: 'apart',
      annotations: { 'drydock.io/isolate': 'true', 'drydock.io/replicas': 'zero' },
      spec: { backupName: 'nightly-1', includedNamespaces: ['shop'], namespaceMapping: { shop: 'apart' } },
    })
    const restore = await awaitRestore(cluster, 'apart')
    expect(restore.status).toMatchObject({ phase: 'Completed' })
    const found = await dump()
    expect(found['services|apart|web']?.['spec']).toMatchObject({ type: 'ClusterIP' })
    expect(JSON.stringify(found['services|apart|web'])).not.toContain('nodePort')
    expect(found['cronjobs.batch|apart|daily']?.['spec']).toMatchObject({ suspend: true })
    expect(found['deployments.apps|apart|web']?.['spec']).toMatchObject({ replicas: 0 })
    expect(found).not.toHaveProperty(['ingresses.networking.k8s.io|apart|web'])
    expect(found).not.toHaveProperty(['clusterroles.rbac.authorization.k8s.io||shop'])
  })
})
