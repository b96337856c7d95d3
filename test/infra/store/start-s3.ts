import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '../../../velero/manifest.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'

export interface S3Server {
  url: string
  accessKey: string
  secretKey: string
  createBucket(name: string): Promise<void>
  /** Ends the server and keeps what it stores. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts a real S3 server (versitygw) on a free port, over a temporary folder. */
export async function startS3(): Promise<S3Server> {
  const binary = process.env['DRYDOCK_VERSITYGW'] ?? join(homedir(), '.cache/drydock/bin/versitygw')
  const dir = await mkdtemp(join(tmpdir(), 'drydock-s3-'))
  await Promise.all([mkdir(join(dir, 'data')), mkdir(join(dir, 'meta'))])
  const port = await freePort()
  const accessKey = 'drydock-access'
  const secretKey = 'drydock-secret#;\\x'
  const address = `127.0.0.1:${port}`
  const args = ['--quiet', '--port', address, 'posix', '--sidecar', join(dir, 'meta'), join(dir, 'data')]
  const env = { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey }
  const server = spawn(binary, args, { env, stdio: 'ignore' })
  const url = `http://${address}`
  await untilUp(url, server)
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
  const client = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials })
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  return {
    url,
    accessKey,
    secretKey,
    createBucket: async (Bucket) => void (await client.send(new CreateBucketCommand({ Bucket }))),
    kill,
    stop: async () => {
      client.destroy()
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A backup location in that server; `config` adds to, or overrides, what it takes to reach it. */
export function aLocation(
  server: Pick<S3Server, 'url'>,
  bucket: string,
  { prefix, config = {} }: { prefix?: string; config?: Record<string, string> } = {},
): BackupStorageLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name: 'default', namespace: 'velero' },
    spec: {
      provider: 'aws',
      objectStorage: { bucket, ...(prefix === undefined ? {} : { prefix }) },
      config: { region: 'us-east-1', s3Url: server.url, s3ForcePathStyle: 'true', ...config },
      credential: { name: 'cloud-credentials', key: 'cloud' },
    },
  }
}

/** The Secret that `aLocation` names. */
export function credentialsSecret(server: Pick<S3Server, 'accessKey' | 'secretKey'>): Manifest {
  const text = `[default]\naws_access_key_id=${server.accessKey}\naws_secret_access_key = ${server.secretKey}\n`
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cloud-credentials', namespace: 'velero' },
    data: { cloud: Buffer.from(text).toString('base64') },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

async function untilUp(url: string, server: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    if (server.exitCode !== null) throw new Error(`the S3 server ended with code ${server.exitCode}`)
    const answered = await fetch(url).then(
      () => true,
      () => false,
    )
    if (answered) return
    await sleep(50)
  }
  throw new Error(`no S3 server at ${url}`)
}
