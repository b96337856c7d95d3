import { execFileSync } from 'node:child_process'
import { stringify } from 'yaml'
import type { ClusterAddress, NodePlace } from '../stack-types.ts'
import { boxImage } from './node-images.ts'
import { mustProgram, pluginFolder } from './node-requirements.ts'

/** The configurations of a node, by the names of their files in its folder. */
export function nodeFiles(folder: string, place: NodePlace, cluster: ClusterAddress): Record<string, string> {
  return {
    'containerd.toml': containerdConfig(folder),
    'kubelet.yaml': stringify(kubeletConfig(folder, place)),
    'cni/10-node.conflist': JSON.stringify(networkConfig(folder, place)),
    // No name is looked up in here.
    'resolv.conf': '',
    kubeconfig: stringify(kubeconfigOf(place, cluster)),
  }
}

/** The machine may not let a process change its own score for the case that memory runs out, and has no AppArmor in some cases. */
function containerdConfig(folder: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = "${folder}/containerd"
state = "/run/containerd"
disabled_plugins = [${unused.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "/run/containerd/containerd.sock"
[${cri}]
  sandbox_image = "${boxImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
[${cri}.cni]
  bin_dir = "${pluginFolder() ?? ''}"
  conf_dir = "${folder}/cni"
[${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
  BinaryName = "${mustProgram('runc')}"
  SystemdCgroup = false
`
}

const unused = [
  'snapshotter.v1.aufs',
  'snapshotter.v1.btrfs',
  'snapshotter.v1.devmapper',
  'snapshotter.v1.zfs',
  'internal.v1.opt',
  'internal.v1.tracing',
]

/** Nothing is evicted for want of disk; the eviction manager knows no file system for the disks of some machines. */
function kubeletConfig(folder: string, { name, gateway }: NodePlace): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: gateway,
    port: kubeletPort,
    readOnlyPort: 0,
    healthzPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${folder}/pki/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${name}`,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    maxOpenFiles: Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || 1_000_000,
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    syncFrequency: '10s',
    volumeStatsAggPeriod: '0s',
    nodeStatusUpdateFrequency: '10s',
    clusterDomain: 'cluster.local',
    resolvConf: `${folder}/resolv.conf`,
  }
}

const kubeletPort = 10_250

function networkConfig(folder: string, { name, net, gateway }: NodePlace): object {
  const range = { subnet: `${net}.0.0/24`, gateway }
  const ipam = {
    type: 'host-local',
    dataDir: `${folder}/ipam`,
    ranges: [[range]],
    routes: [{ dst: '0.0.0.0/0' }],
  }
  const bridge = { type: 'bridge', bridge: name, isGateway: true, ipMasq: false, hairpinMode: true, ipam }
  return { cniVersion: '0.4.0', name: 'node', plugins: [bridge] }
}

function kubeconfigOf({ name, token }: NodePlace, { kubeUrl, kubeCa }: ClusterAddress): object {
  const server = { server: kubeUrl, 'certificate-authority-data': Buffer.from(kubeCa).toString('base64') }
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stack', cluster: server }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: 'stack', user: name } }],
    'current-context': name,
  }
}
