import { rm } from 'node:fs/promises'
import { makeBucket, openBucket } from '../../../devstack/bucket.ts'
import { openHome } from '../../../devstack/home.ts'
import { startVersitygw } from '../../../devstack/services/versitygw.ts'
import { stopStack } from '../../../devstack/stop-stack.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { ownDir } from '../../kit/run/sweep.ts'

export interface S3Server {
  url: string
  accessKey: string
  secretKey: string
  createBucket(name: string): Promise<void>
  /** Ends the server; what it stores is removed. */
  stop(): Promise<void>
}

/** Starts a real S3 server (versitygw) over a temporary folder; its keys hold what files of credentials have to quote. */
export async function startS3(): Promise<S3Server> {
  const home = openHome(ownDir())
  const keys = { accessKey: 'drydock-access', secretKey: 'drydock-secret#;\\x' }
  const remove = async () => {
    await stopStack(home.dir)
    await rm(home.dir, { recursive: true, force: true })
  }
  whenFileIsOver(remove)
  const s3 = await startVersitygw(home, keys)
  const client = openBucket(s3)
  return {
    ...keys,
    url: s3.endpoint,
    createBucket: (name) => makeBucket(client, name),
    stop: async () => {
      client.destroy()
      await remove()
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
