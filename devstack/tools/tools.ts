import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { kubernetesVersion, temporalServer, type GoModule } from './versions.ts'

/** Where to report what is fetched or built, and how to stop it. */
export interface Progress {
  report(line: string): void
  signal: AbortSignal
}

/** A server or program that the stack runs, and where it can come from. */
export interface Tool {
  name: ToolName
  version: string
  /** Names a binary to use, whatever its version. */
  environment: string
  /** Arguments that make it print its version, and what must be in there; binaries on PATH are asked. */
  versionCheck?: { args: readonly string[]; pattern: RegExp }
  release?: Release
  build: GoBuild
  /** On two processors, from an empty cache. */
  usualBuildSeconds: number
}

export type ToolName =
  | 'temporal'
  | 'temporal-server'
  | 'versitygw'
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kwok'
  | 'kubectl'
  | 'helm'
  | 'velero'
  | 'velero-restore-helper'
  | 'velero-plugin-for-aws'
  | 'velero-plugin-for-gcp'
  | 'velero-demo-plugin'
  | 'fake-gcs-server'
  | 'check-rules'
  | 'velero-e2e'

/** An official release: an archive and where its checksum is published. */
export type Release = ChecksumFileRelease | EnvtestRelease

/** A release page with a file of SHA-256 sums beside the archives. */
export interface ChecksumFileRelease {
  kind: 'checksum-file'
  /** Below https://github.com/. */
  page: string
  archive: (platform: Platform) => string
  checksums: string
}

/** The archive with which controllers are tested; an index names its parts and their SHA-512 sums. */
export interface EnvtestRelease {
  kind: 'envtest'
  /** The newest patch of this minor version is taken. */
  minor: string
}

export interface Platform {
  os: 'linux' | 'darwin'
  arch: 'amd64' | 'arm64'
}

/** How Go makes it: a package of one of our modules, the tests of such a package, or one that is installed by its version. */
export type GoBuild =
  | { kind: 'module'; module: GoModule; package: string; ldflags?: string }
  | { kind: 'tests'; module: GoModule; package: string }
  | { kind: 'install'; package: string }

const kubectl = 'v1.36.3'
const velero = 'v1.18.3'

/** Every tool of the stack. Versions of what is built in a module are those of its go.mod. */
export const tools: Readonly<Record<ToolName, Tool>> = {
  temporal: {
    name: 'temporal',
    version: 'v1.5.1',
    environment: 'DRYDOCK_TEMPORAL_BIN',
    versionCheck: { args: ['--version'], pattern: /Server 1\.29\./ },
    release: {
      kind: 'checksum-file',
      page: 'temporalio/cli/releases/download/v1.5.1',
      archive: ({ os, arch }) => `temporal_cli_1.5.1_${os}_${arch}.tar.gz`,
      checksums: 'checksums.txt',
    },
    build: { kind: 'module', module: 'core', package: 'github.com/temporalio/cli/cmd/temporal' },
    usualBuildSeconds: 174,
  },
  // Temporal's own server, which also speaks TLS; the command line's dev server does not.
  'temporal-server': {
    name: 'temporal-server',
    version: temporalServer,
    environment: 'DRYDOCK_TEMPORAL_SERVER_BIN',
    build: { kind: 'module', module: 'temporal-server', package: 'go.temporal.io/server/cmd/server' },
    usualBuildSeconds: 200,
  },
  versitygw: {
    name: 'versitygw',
    version: 'v1.8.0',
    environment: 'DRYDOCK_VERSITYGW_BIN',
    release: {
      kind: 'checksum-file',
      page: 'versity/versitygw/releases/download/v1.8.0',
      archive: ({ os, arch }) =>
        `versitygw_v1.8.0_${os === 'linux' ? 'Linux' : 'Darwin'}_${arch === 'amd64' ? 'x86_64' : arch}.tar.gz`,
      checksums: 'checksums.txt',
    },
    build: { kind: 'module', module: 'core', package: 'github.com/versity/versitygw/cmd/versitygw' },
    usualBuildSeconds: 67,
  },
  etcd: {
    name: 'etcd',
    version: 'v3.6.8',
    environment: 'DRYDOCK_ETCD_BIN',
    versionCheck: { args: ['--version'], pattern: /etcd Version: 3\.[56]\./ },
    release: { kind: 'envtest', minor: 'v1.36' },
    build: { kind: 'module', module: 'core', package: 'go.etcd.io/etcd/server/v3' },
    usualBuildSeconds: 14,
  },
  'kube-apiserver': kubernetesTool('kube-apiserver', 'DRYDOCK_KUBE_APISERVER_BIN', 195),
  'kube-controller-manager': kubernetesTool('kube-controller-manager', 'DRYDOCK_KUBE_CONTROLLER_MANAGER_BIN', 54),
  'kube-scheduler': kubernetesTool('kube-scheduler', 'DRYDOCK_KUBE_SCHEDULER_BIN', 60),
  // After kube-apiserver most of it comes out of the build cache.
  kubelet: kubernetesTool('kubelet', 'DRYDOCK_KUBELET_BIN', 50),
  kwok: {
    name: 'kwok',
    version: 'v0.8.0',
    environment: 'DRYDOCK_KWOK_BIN',
    build: { kind: 'install', package: 'sigs.k8s.io/kwok/cmd/kwok' },
    usualBuildSeconds: 62,
  },
  kubectl: {
    name: 'kubectl',
    version: kubectl,
    environment: 'DRYDOCK_KUBECTL_BIN',
    versionCheck: { args: ['version', '--client'], pattern: /v1\.36\./ },
    release: { kind: 'envtest', minor: 'v1.36' },
    build: kubernetesBuild('kubectl', 'core', kubectl),
    usualBuildSeconds: 45,
  },
  helm: {
    name: 'helm',
    version: 'v4.3.2',
    environment: 'DRYDOCK_HELM_BIN',
    versionCheck: { args: ['version', '--short'], pattern: /^v4\./ },
    build: { kind: 'install', package: 'helm.sh/helm/v4/cmd/helm' },
    usualBuildSeconds: 100,
  },
  velero: {
    name: 'velero',
    version: velero,
    environment: 'DRYDOCK_VELERO_BIN',
    versionCheck: { args: ['version', '--client-only'], pattern: /v1\.18\./ },
    release: {
      kind: 'checksum-file',
      page: `vmware-tanzu/velero/releases/download/${velero}`,
      archive: ({ os, arch }) => `velero-${velero}-${os}-${arch}.tar.gz`,
      checksums: 'CHECKSUM',
    },
    build: {
      kind: 'module',
      module: 'velero',
      package: 'github.com/vmware-tanzu/velero/cmd/velero',
      ldflags: `-X github.com/vmware-tanzu/velero/pkg/buildinfo.Version=${velero}`,
    },
    usualBuildSeconds: 166,
  },
  // What waits in the init container of a pod until its volumes are filled.
  'velero-restore-helper': {
    name: 'velero-restore-helper',
    version: velero,
    environment: 'DRYDOCK_VELERO_RESTORE_HELPER_BIN',
    build: { kind: 'module', module: 'velero', package: 'github.com/vmware-tanzu/velero/cmd/velero-restore-helper' },
    usualBuildSeconds: 5,
  },
  'velero-plugin-for-aws': {
    name: 'velero-plugin-for-aws',
    version: 'v1.14.3',
    environment: 'DRYDOCK_VELERO_PLUGIN_FOR_AWS_BIN',
    build: {
      kind: 'module',
      module: 'velero',
      package: 'github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws',
    },
    usualBuildSeconds: 48,
  },
  'velero-plugin-for-gcp': {
    name: 'velero-plugin-for-gcp',
    version: 'v1.14.2',
    environment: 'DRYDOCK_VELERO_PLUGIN_FOR_GCP_BIN',
    build: {
      kind: 'module',
      module: 'velero',
      package: 'github.com/vmware-tanzu/velero-plugin-for-gcp/velero-plugin-for-gcp',
    },
    usualBuildSeconds: 50,
  },
  'check-rules': {
    name: 'check-rules',
    version: sourceHash('../go/prometheus/check-rules/'),
    environment: 'DRYDOCK_CHECK_RULES_BIN',
    build: { kind: 'module', module: 'prometheus', package: './check-rules' },
    usualBuildSeconds: 45,
  },
  'fake-gcs-server': {
    name: 'fake-gcs-server',
    version: 'v1.52.3',
    environment: 'DRYDOCK_FAKE_GCS_SERVER_BIN',
    build: { kind: 'module', module: 'velero', package: 'github.com/fsouza/fake-gcs-server' },
    usualBuildSeconds: 70,
  },
  // Velero's own end-to-end tests, as one program.
  'velero-e2e': {
    name: 'velero-e2e',
    version: velero,
    environment: 'DRYDOCK_VELERO_E2E_BIN',
    build: { kind: 'tests', module: 'velero', package: 'github.com/vmware-tanzu/velero/test/e2e' },
    usualBuildSeconds: 200,
  },
  'velero-demo-plugin': {
    name: 'velero-demo-plugin',
    version: `${velero}-${sourceHash('../go/velero/demo-plugin/')}`,
    environment: 'DRYDOCK_VELERO_DEMO_PLUGIN_BIN',
    build: { kind: 'module', module: 'velero', package: './demo-plugin' },
    usualBuildSeconds: 10,
  },
}

/** The cache holds a tool of our own by its source, all files of a folder, so that a change of it is built. */
function sourceHash(path: string): string {
  const folder = new URL(path, import.meta.url)
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(new URL(name, folder)))
  return hash.digest('hex').slice(0, 8)
}

/** A server of Kubernetes, of the version that is asked for. Releases of old ones do not exist. */
function kubernetesTool(name: ToolName, environment: string, usualBuildSeconds: number): Tool {
  const { version, minor, module } = kubernetesVersion()
  return {
    name,
    version,
    environment,
    versionCheck: { args: ['--version'], pattern: new RegExp(`v1\\.${minor}\\.`) },
    ...(name === 'kube-apiserver' && module === 'core' ? { release: { kind: 'envtest', minor: `v1.${minor}` } } : {}),
    build: kubernetesBuild(name, module, version),
    usualBuildSeconds,
  }
}

function kubernetesBuild(command: string, module: GoModule, version: string): GoBuild {
  const [, minor = ''] = version.split('.')
  // The second one is what API servers of old versions answer with.
  const flags = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((place) => [
    `-X ${place}.gitVersion=${version}`,
    `-X ${place}.gitMajor=1`,
    `-X ${place}.gitMinor=${minor}`,
  ])
  return { kind: 'module', module, package: `k8s.io/kubernetes/cmd/${command}`, ldflags: flags.join(' ') }
}
