/** Servers that are started on request only. */
export type ExtraService = 'controllerManager' | 'scheduler' | 'node' | 'kwok' | 'velero'

/** A bucket and who may use it. */
export interface BucketAddress {
  endpoint: string
  bucket: string
  accessKey: string
  secretKey: string
  region: string
}

/** An API server and how to reach it. */
export interface ClusterAddress {
  /** The path of a kubeconfig; its contexts are `admin` and `drydock-readonly`. */
  kubeconfig: string
  kubeUrl: string
  /** PEM. */
  kubeCa: string
  tokens: { admin: string; readonly: string }
  /** One JSON event a line, written before the request is answered. */
  auditLog?: string
  etcd: string
}

/** etcd and kube-apiserver alone, with what a restore needs in them. */
export interface Cluster extends ClusterAddress {
  dir: string
  veleroNamespace: string
  pids: Record<string, number>
}

/** Everything a worker needs to run against, without Temporal. */
export interface Stack extends Cluster {
  s3: BucketAddress
  temporal?: TemporalAddress
  /** The environment variables by which Drydock's programs find the stack. */
  env: Record<string, string>
}

export interface TemporalAddress {
  address: string
  uiUrl: string
}

/** A stack with Temporal in it. */
export interface FullStack extends Stack {
  temporal: TemporalAddress
}

/** What a node has of the machine: a bridge with networks of its own, and a cgroup. Both have the node's name. */
export interface NodePlace {
  name: string
  /** The first two numbers of its addresses: `10.79` has pods in 10.79.0.0/24 and services in 10.79.1.0/24. */
  net: string
  /** The bridge's address; kubelet listens there, and whatever pods are to reach. */
  gateway: string
  /** The first address of the services, where the API server itself listens: so neither kube-proxy nor a rule of the firewall is needed. */
  apiAddress: string
  /** By this token kubelet is known to the API server. */
  token: string
}
