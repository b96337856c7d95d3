import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import type { ClusterAddress, NodePlace } from '../stack-types.ts'
import { withClient } from '../with-client.ts'
import { nodeFiles } from './node-files.ts'
import { nodeImages } from './node-images.ts'
import { makeCgroups } from './node-place.ts'
import { mustProgram, unshareArgs } from './node-requirements.ts'

const run = promisify(execFile)
const inside = fileURLToPath(new URL('inside-node.sh', import.meta.url))
/** Folders that are the node's own inside of it: nothing of the machine's can be seen there. */
const hidden = ['/run/', '/var/lib/', '/var/log/']

/**
 * Starts a real node, kubelet and containerd, in namespaces of its own, and waits until it is ready and has its images. A node that
 * was stopped can be started again in the same home.
 */
export async function startNode(home: Home, cluster: ClusterAddress): Promise<void> {
  const { node } = home.state
  if (node === undefined) throw new Error('a node needs an API server that was started for one')
  if (hidden.some((folder) => home.dir.startsWith(folder)))
    throw new Error(`the folder of a node cannot be below ${hidden.join(', ')}: it is ${home.dir}`)
  const folder = nodeFolder(home)
  for (const [name, text] of Object.entries(nodeFiles(folder, node, cluster))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  }
  await makeCgroups(node)
  const images = await nodeImages(home)
  const kubelet = await home.tool('kubelet')
  const since = Date.now()
  await withClient(cluster, (client) =>
    launch(home, {
      name: 'node',
      binary: mustProgram('unshare'),
      args: [...unshareArgs, inside],
      env: {
        NODE_FOLDER: folder,
        NODE_NAME: node.name,
        NODE_ADDRESS: node.gateway,
        NODE_IMAGES: images.join(' '),
        CONTAINERD: mustProgram('containerd'),
        CTR: mustProgram('ctr'),
        KUBELET: kubelet,
      },
      address: node.gateway,
      ready: async () => isReady((await client.must('GET', `/api/v1/nodes/${node.name}`)).body, since),
      readySecondsMax,
    }),
  )
}

const readySecondsMax = 180

/** Where a node keeps everything. */
export function nodeFolder(home: Home): string {
  return home.folder('node')
}

/** Times of a node are in whole seconds. What a node says that was stopped is not that of the one that starts. */
function isReady(node: unknown, since: number): boolean {
  const { status } = node as { status?: { conditions?: { type: string; status: string; lastHeartbeatTime: string }[] } }
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= since - 1000
}

/** Flags by which an API server knows the node, and by which it reaches the node's pods. */
export async function nodeFlags(home: Home, { net }: NodePlace): Promise<string[]> {
  const pki = await nodeKeys(home)
  return [
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--service-cluster-ip-range=${net}.1.0/24`,
    `--kubelet-client-certificate=${pki}/client.crt`,
    `--kubelet-client-key=${pki}/client.key`,
    '--kubelet-preferred-address-types=InternalIP',
  ]
}

/** The keys by which kubelet knows its API server. */
async function nodeKeys(home: Home): Promise<string> {
  const pki = home.folder('node/pki')
  if (existsSync(join(pki, 'client.crt'))) return pki
  const openssl = (...args: string[]): Promise<unknown> => run(mustProgram('openssl'), args, { cwd: pki })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl('req', '-x509', ...key, '-days', '30', '-subj', '/CN=node', '-keyout', 'ca.key', '-out', 'ca.crt')
  const who = ['-subj', '/O=system:masters/CN=apiserver']
  await openssl('req', ...key, ...who, '-keyout', 'client.key', '-out', 'client.csr')
  writeFileSync(join(pki, 'extensions'), 'extendedKeyUsage=clientAuth\n')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'extensions']
  await openssl('x509', '-req', '-in', 'client.csr', ...signed, '-out', 'client.crt')
  return pki
}
