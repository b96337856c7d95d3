import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHome } from '../../../devstack/home.ts'
import { startFakeGcs } from '../../../devstack/services/fake-gcs.ts'
import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { whenFileIsOver } from '../run/clean-up.ts'
import { ownDir, removeOwn } from '../run/sweep.ts'

/** A server of Google Cloud Storage. */
export interface GcsServer {
  url: string
  createBucket(name: string): Promise<void>
  put(bucket: string, key: string, body: Buffer): Promise<void>
  /** All keys of a bucket, sorted. */
  keys(bucket: string): Promise<string[]>
}

/** Starts a GCS server over memory, until the tests of the file are over. The Go client finds it by STORAGE_EMULATOR_HOST. */
export async function startGcs(): Promise<GcsServer> {
  const home = openHome(ownDir())
  whenFileIsOver(() => removeOwn(home.dir))
  const url = await startFakeGcs(home)
  const must = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${url}${path}`, init)
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const headers = { 'content-type': 'application/json' }
  return {
    url,
    async createBucket(name) {
      await must('/storage/v1/b', { method: 'POST', headers, body: JSON.stringify({ name }) })
    },
    async put(bucket, key, body) {
      const name = encodeURIComponent(key)
      await must(`/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: new Uint8Array(body),
      })
    },
    async keys(bucket) {
      const { items = [] } = (await (await must(`/storage/v1/b/${bucket}/o`)).json()) as { items?: { name: string }[] }
      return items.map(({ name }) => name).sort()
    },
  }
}

/** Puts all files of a folder under a prefix. */
export async function fillGcs(
  server: GcsServer,
  bucket: string,
  from: { folder: string; prefix: string },
): Promise<void> {
  for (const name of readdirSync(from.folder))
    await server.put(bucket, `${from.prefix}${name}`, readFileSync(join(from.folder, name)))
}

/** A Secret with the key file of a service account, which no Google knows. */
export function serviceAccountSecret(name: string): Manifest {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const account = {
    type: 'service_account',
    project_id: 'drydock',
    private_key_id: 'key',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'drydock@drydock.iam.gserviceaccount.com',
    token_uri: 'http://127.0.0.1:1/token',
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'velero' },
    data: { cloud: Buffer.from(JSON.stringify(account)).toString('base64') },
  }
}

/** The binary of Velero's plugin for Google Cloud. */
export const gcpPlugin = (): Promise<string> =>
  obtainTool('velero-plugin-for-gcp', { report: () => undefined, signal: new AbortController().signal })
