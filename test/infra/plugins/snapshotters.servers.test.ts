import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRegistry } from '../../../infra/plugins/registry.ts'
import type { PluginRegistry } from '../../../infra/plugins/registry.ts'
import { createSnapshotters } from '../../../infra/plugins/snapshotters.ts'
import type { RunningSnapshotters } from '../../../infra/plugins/snapshotters.ts'
import type { VolumeSnapshotLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { demoPlugin } from '../../kit/velero/demo-plugin.ts'
import { quietLog } from '../cluster/quiet-log.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-snapshotters-'))
const log = quietLog()
const never = new AbortController().signal
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cloud' }, data: { account: 'bWU=' } } as Manifest
const secrets = {
  cluster: { get: async ({ name }: { name: string }) => (name === 'cloud' ? secret : undefined) },
  namespace: 'velero',
}
let registry: PluginRegistry
let snapshotters: RunningSnapshotters
let patient: RunningSnapshotters

beforeAll(async () => {
  mkdirSync(join(dir, 'plugins'))
  copyFileSync(await demoPlugin(), join(dir, 'plugins/demo'))
  const options = { args: [], env: process.env, startMs: 20_000, answerBytesMax: 16 << 20, callsMax: 1, log }
  registry = createRegistry({ dir: join(dir, 'plugins'), ...options, callMs: 60_000 })
  snapshotters = createSnapshotters(registry, secrets, { ...options, callMs: 3000 })
  patient = createSnapshotters(registry, secrets, { ...options, callMs: 60_000 })
})

afterAll(async () => {
  await Promise.all([registry.close(), snapshotters.close(), patient.close()])
  rmSync(dir, { recursive: true, force: true })
})

function location(spec: Partial<VolumeSnapshotLocation['spec']>): VolumeSnapshotLocation {
  const metadata = { name: 'somewhere', namespace: 'velero' }
  const whole = { provider: 'example.io/files', ...spec }
  return { apiVersion: 'velero.io/v1', kind: 'VolumeSnapshotLocation', metadata, spec: whole }
}

const source = (snapshotId: string) => ({ snapshotId, volumeType: 'fast', zone: 'zone-a', iops: 100 })
const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec: { csi: { driver: 'd' } } }

it('makes volumes in the clouds of two locations at once, and deletes a snapshot', async () => {
  const [first, second] = [join(dir, 'one'), join(dir, 'two')]
  const open = (cloud: string) => snapshotters.open(location({ config: { dir: cloud } }))
  const [one, two] = await Promise.all([open(first), open(second)])
  mkdirSync(join(first, 'snapshots'), { recursive: true })
  writeFileSync(join(first, 'snapshots/snap-1'), '')
  const making = [one, two].map((opened) => opened.createVolume(source('snap-1'), never))
  expect(await Promise.all(making)).toEqual(['vol-snap-1', 'vol-snap-1'])
  expect(JSON.parse(readFileSync(join(second, 'volumes/vol-snap-1'), 'utf8'))).toEqual({
    Snapshot: 'snap-1',
    Type: 'fast',
    Zone: 'zone-a',
    Account: '',
    IOPS: 100,
  })
  expect(await one.setVolumeId(volume, 'vol-snap-1', never)).toEqual({
    ...volume,
    spec: { csi: { driver: 'd', volumeHandle: 'vol-snap-1' } },
  })
  await one.deleteSnapshot('snap-1', never)
  expect(existsSync(join(first, 'snapshots/snap-1'))).toBe(false)
  await expect(one.deleteSnapshot('stuck', never)).rejects.toThrow('snapshot stuck is in use')
})

it('gives a plugin the credentials of its location in a file that nobody else may read', async () => {
  const config = { dir: join(dir, 'three'), needsAccount: 'true' }
  const opened = await snapshotters.open(location({ config, credential: { name: 'cloud', key: 'account' } }))
  await opened.createVolume(source('snap'), never)
  expect(readFileSync(join(dir, 'three/volumes/vol-snap'), 'utf8')).toContain('"Account":"me"')
  const without = await snapshotters.open(location({ config: { ...config, credentialsFile: '/etc/passwd' } }))
  await expect(without.createVolume(source('snap'), never)).rejects.toThrow('the location has no credentials')
  expect(log.lines.join()).toContain('has credentialsFile, which names a file')
  await expect(snapshotters.open(location({ credential: { name: 'gone', key: 'account' } }))).rejects.toThrow(
    'unable to get credentials: unable to get key for secret: Secret "gone" not found',
  )
})

it('says what is wrong with a location and with an answer', async () => {
  await expect(snapshotters.open(location({ provider: 'aws' }))).rejects.toThrow(
    'unable to get valid VolumeSnapshotter for "velero.io/aws"',
  )
  const broken = await snapshotters.open(location({ config: { broken: 'no cloud' } }))
  await expect(broken.createVolume(source('snap'), never)).rejects.toThrow('the location is broken: no cloud')
  const hanging = await snapshotters.open(location({ config: { hang: 'yes' } }))
  await expect(hanging.createVolume(source('snap'), never)).rejects.toThrow(
    'plugin example.io/files has not answered Init within 3 s (DRYDOCK_PLUGIN_TIMEOUT), and was ended',
  )
  const opened = await snapshotters.open(location({ config: { dir: join(dir, 'four') } }))
  await expect(opened.createVolume(source('missing'), never)).rejects.toThrow('snapshot missing is not there')
  await expect(opened.createVolume(source('panic'), never)).rejects.toThrow('plugin panicked')
  await expect(opened.createVolume(source('hang'), never)).rejects.toMatchObject({ kind: 'late' })
  const waited = await patient.open(location({ config: { dir: join(dir, 'four') } }))
  await expect(waited.setVolumeId(volume, 'huge', never)).rejects.toThrow(
    'plugin example.io/files has answered SetVolumeID with more than the 16777216 bytes of DRYDOCK_ITEM_BYTES',
  )
  expect(await opened.createVolume(source('empty'), never)).toBe('')
})

it('does not make a volume again where its plugin dies meanwhile, and readies the next process', async () => {
  const opened = await snapshotters.open(location({ config: { dir: join(dir, 'five') } }))
  await expect(opened.createVolume(source('exit'), never)).rejects.toMatchObject({
    kind: 'died',
    message: 'plugin example.io/files died while it worked on CreateVolumeFromSnapshot (exit code 3)',
  })
  await opened.createVolume(source('snap'), never)
  expect(readdirSync(join(dir, 'five/volumes'))).toEqual(['vol-snap'])
  expect(readFileSync(join(dir, 'five/calls'), 'utf8').split('\n')).toHaveLength(3)
})
