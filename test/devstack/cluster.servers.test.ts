import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { startCluster } from '../../devstack/cluster.ts'
import { openKubeClient, type KubeClient } from '../../devstack/cluster/kube-client.ts'
import { startStack } from '../../devstack/stack.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'
import { stopStack } from '../../devstack/stop-stack.ts'

const base = mkdtempSync(join(tmpdir(), 'drydock-cluster-'))

afterAll(async () => {
  for (const name of ['bare', 'living']) await stopStack(join(base, name))
  rmSync(base, { recursive: true })
})

describe('a cluster of etcd and kube-apiserver alone', () => {
  it('holds at once what the clusters of the recorded restores held before, by the same managers', async () => {
    const cluster = await startCluster({ dir: join(base, 'bare') })
    const client = clientOf(cluster)
    const held = await managersByKey(client)
    for (const [key, managers] of recordedBefore()) expect([key, held.get(key)]).toEqual([key, managers])
    await client.close()
    await stopStack(cluster.dir)
  })
})

describe('a stack with controllers, scheduler and kwok', () => {
  it('runs the pods of a Deployment and clears a namespace away', async () => {
    const extra = ['controllerManager', 'scheduler', 'kwok'] as const
    const stack = await startStack({ dir: join(base, 'living'), temporal: false, with: extra })
    const client = clientOf(stack)
    await client.must('POST', '/api/v1/namespaces', { metadata: { name: 'app' } })
    await client.must('POST', '/apis/apps/v1/namespaces/app/deployments', aDeployment('web'))
    await until(async () => (await podPhases(client)).join() === 'Running,Running')
    await client.must('DELETE', '/api/v1/namespaces/app')
    await until(async () => (await client.request('GET', '/api/v1/namespaces/app')).status === 404)
    await client.close()
    // A first run on a machine builds three tools.
  })
})

interface Item {
  metadata: { namespace?: string; name: string; managedFields?: Manager[] }
}

interface Manager {
  manager: string
  operation: string
  subresource?: string
}

const clientOf = (cluster: ClusterAddress): KubeClient =>
  openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })

/** What stood in the cluster of a recorded restore before it began. */
function recordedBefore(): [string, string[]][] {
  const file = new URL('../fixtures/golden/default/before.json', import.meta.url)
  const objects = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { _managers: string[] }>
  return Object.entries(objects).map(([key, { _managers }]) => [key, _managers.sort()])
}

/** Everything in a cluster, under the keys of the records. */
async function managersByKey(client: KubeClient): Promise<Map<string, string[]>> {
  const { groups } = (await client.must('GET', '/apis')).body as {
    groups: { preferredVersion: { groupVersion: string } }[]
  }
  const paths = ['/api/v1', ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)]
  const found = new Map<string, string[]>()
  for (const path of paths) {
    const group = path.startsWith('/apis/') ? `.${path.split('/')[2]}` : ''
    const list = (await client.must('GET', path)).body as { resources: { name: string; verbs: string[] }[] }
    for (const { name, verbs } of list.resources.filter(({ verbs }) => verbs.includes('list'))) {
      if (!verbs.includes('get')) continue
      const { items } = (await client.must('GET', `${path}/${name}`)).body as { items: Item[] }
      for (const { metadata } of items)
        found.set(
          `${name}${group}|${metadata.namespace ?? ''}|${metadata.name}`,
          managersOf(metadata.managedFields ?? []),
        )
    }
  }
  return found
}

function managersOf(entries: Manager[]): string[] {
  const names = entries.map(({ manager, operation, subresource }) =>
    [manager, operation, subresource].filter(Boolean).join(':'),
  )
  return [...new Set(names)].sort()
}

function aDeployment(name: string): object {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name, image: 'example/web' }] } }
  return { metadata: { name }, spec: { replicas: 2, selector: { matchLabels: labels }, template } }
}

async function podPhases(client: KubeClient): Promise<(string | undefined)[]> {
  const { items } = (await client.must('GET', '/api/v1/namespaces/app/pods')).body as {
    items: { status?: { phase?: string } }[]
  }
  return items.map((pod) => pod.status?.phase)
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(100)
}
