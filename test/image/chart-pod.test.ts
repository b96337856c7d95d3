import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { beforeAll, expect, it } from 'vitest'
import { credentialsFileOf, uploadFolder } from '../../devstack/bucket.ts'
import { chartDir } from '../../devstack/render-manifests.ts'
import { obtainTool } from '../../devstack/tools/obtain-tool.ts'
import type { ToolName } from '../../devstack/tools/tools.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { awaitRestore, createRestore, withAdmin } from '../kit/restores.ts'
import { whenFileIsOver } from '../kit/run/clean-up.ts'
import { bareCluster, fixturePath, theStack } from '../kit/stack.ts'
import type { TestCluster } from '../kit/stack.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { runContainer } from './container-worker.ts'
import { buildImage } from './images.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-pod-'))
const prefix = `installed-${process.pid}`
let cluster: TestCluster

beforeAll(async () => {
  whenFileIsOver(() => rmSync(dir, { recursive: true, force: true }))
  chmodSync(dir, 0o755)
  buildImage()
  const { s3, temporal } = theStack()
  cluster = { ...(await bareCluster()), s3, temporal, prefix }
  await uploadFolder(s3, fixturePath('backups/shop'), `${prefix}/backups/shop/`)
  await installVelero()
  await run('helm', ['upgrade', '--install', 'drydock', chartDir, '--namespace', 'velero'])
  await forward(7233, Number(temporal.address.split(':')[1]))
})

it('the pod of the chart, with its defaults beside `velero install`, restores without a further setting', async () => {
  const pod = await readPod()
  await runContainer([...mountsOf(pod), ...(await servedByKubernetes())], environmentOf(pod))
  await waitUntil(isSynced, 120_000, 'the backup to be brought in from the bucket')
  const spec = { backupName: 'shop', includedResources: ['configmaps', 'secrets'] }
  await createRestore(cluster, { name: 'first', spec })
  expect((await awaitRestore(cluster, 'first')).status).toMatchObject({ phase: 'Completed' })
})

interface Pod {
  containers: {
    env: { name: string; value?: string; valueFrom?: object }[]
    volumeMounts: { name: string; mountPath: string }[]
  }[]
  volumes: { name: string; emptyDir?: object; secret?: { secretName: string } }[]
}

async function run(name: ToolName, argv: readonly string[], input = ''): Promise<string> {
  const tool = await obtainTool(name, { report: console.error, signal: new AbortController().signal })
  const env = { PATH: process.env['PATH'], HOME: dir, KUBECONFIG: cluster.kubeconfig }
  return execFileSync(tool, argv, { input, encoding: 'utf8', env, maxBuffer: 64 << 20 })
}

/** What `velero install` makes, but for its CRDs, which are there, and for the pods of its server. */
async function installVelero(): Promise<void> {
  const { bucket, region, endpoint } = cluster.s3
  const credentials = join(dir, 'credentials')
  writeFileSync(credentials, credentialsFileOf(cluster.s3))
  const where = ['--provider', 'aws', '--bucket', bucket, '--prefix', prefix, '--secret-file', credentials]
  const config = `region=${region},s3ForcePathStyle=true,s3Url=${endpoint}`
  const more = ['--backup-location-config', config, '--use-volume-snapshots=false', '--dry-run', '-o', 'yaml']
  const plugins = ['--plugins', 'velero/velero-plugin-for-aws:v1.14.3']
  const printed = parseAllDocuments(await run('velero', ['install', ...where, ...plugins, ...more]))
  const objects = printed.flatMap((document) => {
    const read = document.toJS() as (Manifest & { items?: Manifest[] }) | null
    return read === null ? [] : (read.items ?? [read])
  })
  const own = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition')
  for (const object of own) if (object.kind === 'Deployment') Object.assign(object['spec'] as object, { replicas: 0 })
  await run(
    'kubectl',
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    own.map((one) => stringify(one)).join('---\n'),
  )
}

async function readPod(): Promise<Pod> {
  const { body } = await withAdmin(cluster, (admin) =>
    admin.must('GET', '/apis/apps/v1/namespaces/velero/deployments/drydock'),
  )
  return (body as { spec: { template: { spec: Pod } } }).spec.template.spec
}

function environmentOf({ containers: [worker] }: Pod): Record<string, string> {
  // The only reference in there is the one to the namespace of the pod.
  return Object.fromEntries((worker?.env ?? []).map(({ name, value }) => [name, value ?? 'velero']))
}

/** As the kubelet mounts them: empty folders in memory, and Secrets as files. */
function mountsOf({ containers: [worker], volumes }: Pod): string[] {
  return (worker?.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const { emptyDir, secret } = volumes.find((volume) => volume.name === name) ?? {}
    if (emptyDir !== undefined) return ['--tmpfs', `${mountPath}:rw,mode=1777`]
    if (secret?.secretName === 'cloud-credentials')
      return ['--volume', `${fileIn('cloud', credentialsFileOf(cluster.s3))}:${mountPath}:ro`]
    throw new Error(`what is volume ${name}?`)
  })
}

/** What a cluster gives to each pod: the way to its API server, a token of the service account, and the names of services. */
async function servedByKubernetes(): Promise<string[]> {
  const { hostname, port } = new URL(cluster.kubeUrl)
  const { body } = await withAdmin(cluster, (admin) =>
    admin.must('POST', '/api/v1/namespaces/velero/serviceaccounts/drydock/token', { spec: {} }),
  )
  const { token } = (body as { status: { token: string } }).status
  const account = fileIn('token', token)
  writeFileSync(join(account, 'ca.crt'), cluster.kubeCa)
  writeFileSync(join(account, 'namespace'), 'velero')
  const host = ['--env', `KUBERNETES_SERVICE_HOST=${hostname}`, '--env', `KUBERNETES_SERVICE_PORT=${port}`]
  const names = ['--add-host', 'temporal-frontend.temporal:127.0.0.1']
  return ['--volume', `${account}:/var/run/secrets/kubernetes.io/serviceaccount:ro`, ...host, ...names]
}

/** A folder with one file that every user may read. */
function fileIn(name: string, text: string): string {
  const folder = join(dir, `with-${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, name), text, { mode: 0o644 })
  return folder
}

async function isSynced(): Promise<boolean> {
  const path = '/apis/velero.io/v1/namespaces/velero/backups/shop'
  return withAdmin(cluster, async (admin) => (await admin.request('GET', path)).status === 200)
}

/** The service of Temporal has its usual port, and that of the tests any. */
async function forward(from: number, to: number): Promise<void> {
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1')
    for (const end of [socket, onward]) end.on('error', () => end.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(from, '127.0.0.1', resolve))
  whenFileIsOver(() => server.close())
}
