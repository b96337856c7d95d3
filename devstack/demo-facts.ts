import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { connectCluster } from '../infra/cluster/connect.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import { restoreResourceListKey, restoreResultsKey } from '../velero/object-keys.ts'
import type { Restore, RestoreSpec, RestoreStatus } from '../velero/restore.ts'
import type { ResourceList, Results } from '../velero/results.ts'
import { openBucket } from './bucket.ts'
import { openKubeClient } from './cluster/kube-client.ts'
import type { FullStack } from './stack-types.ts'

const restores = { group: 'velero.io', version: 'v1', resource: 'restores' } as const
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** The result of a restore. */
export interface Restored {
  restore: Restore
  resourceList: ResourceList
  results: Results
  files: { key: string; bytes: number }[]
}

/** Reads the Restore, its result files and the names of all its files. */
export async function readRestored(stack: FullStack, name: string): Promise<Restored> {
  const client = openKubeClient({ url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.admin })
  const s3 = openBucket(stack.s3)
  const Bucket = stack.s3.bucket
  const json = async <T>(Key: string): Promise<T> => {
    const found = await s3.send(new GetObjectCommand({ Bucket, Key }))
    return JSON.parse(gunzipSync(Buffer.from((await found.Body?.transformToByteArray()) ?? [])).toString()) as T
  }
  try {
    const { body } = await client.must('GET', `/apis/velero.io/v1/namespaces/${stack.veleroNamespace}/restores/${name}`)
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `restores/${name}/` }))
    return {
      restore: body as Restore,
      resourceList: await json<ResourceList>(restoreResourceListKey(name)),
      results: await json<Results>(restoreResultsKey(name)),
      files: (listed.Contents ?? [])
        .map((object) => ({ key: object.Key ?? '', bytes: object.Size ?? 0 }))
        .filter(({ key }) => !key.includes('/drydock/')),
    }
  } finally {
    await client.close()
    s3.destroy()
  }
}

/** What Velero made of a golden case. */
export interface Golden {
  spec: RestoreSpec
  status: RestoreStatus
  resourceList: ResourceList
  results: Results
}

/** Reads a golden case of the fixtures. */
export async function readGolden(name: string): Promise<Golden> {
  const path = (file: string) => fileURLToPath(new URL(`../test/fixtures/golden/${name}/${file}`, import.meta.url))
  const gz = async <T>(file: string) => JSON.parse(gunzipSync(await readFile(path(`files/${file}`))).toString()) as T
  const restore = JSON.parse(await readFile(path('restore.json'), 'utf8')) as {
    spec: RestoreSpec
    status: RestoreStatus
  }
  return {
    spec: restore.spec,
    status: restore.status,
    resourceList: await gz<ResourceList>(`restore-${name}-resource-list.json.gz`),
    results: await gz<Results>(`restore-${name}-results.gz`),
  }
}

/** Collects each phase of a Restore that a watch sees, until it is stopped. */
export function watchPhases(stack: FullStack, name: string): { stop: () => Promise<string[]> } {
  const phases: string[] = []
  const end = new AbortController()
  const watching = (async () => {
    const connection = await connectCluster({
      kubeconfig: stack.kubeconfig,
      log: quiet,
      requestTimeoutSeconds: 10,
      connectionsMax: 4,
    })
    try {
      await watchResource({
        connection,
        resource: restores,
        namespace: stack.veleroNamespace,
        onChange: (manifest) => {
          const phase = (manifest as unknown as Restore).status?.phase || 'New'
          if (manifest.metadata.name === name && phases.at(-1) !== phase) phases.push(phase)
        },
        onGone: () => undefined,
        onSynced: () => undefined,
        signal: end.signal,
        log: quiet,
      })
    } finally {
      await connection.close()
    }
  })()
  return {
    async stop() {
      await new Promise((resolve) => setTimeout(resolve, 300))
      end.abort()
      await watching
      return phases
    },
  }
}
