import { parseAllDocuments } from 'yaml'
import { expect } from 'vitest'
import { parseRestorePolicy } from '../../core/asked/parse-restore-policy.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'

/** What a test reads of a manifest. */
export interface Rendered {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  data?: Record<string, string>
  rules?: { verbs: string[]; resources?: string[]; resourceNames?: string[] }[]
  spec?: {
    replicas?: number
    template?: { metadata: object; spec: PodSpec }
    triggers?: { type: string; metadata: object }[]
    secretTargetRef?: { parameter: string }[]
  }
}

interface PodSpec {
  containers: { env?: { name: string; value?: string }[]; volumeMounts?: { name: string; mountPath: string }[] }[]
  volumes?: { name: string }[]
}

/** Values as a user of one kind has them, and what has to be seen in the rendered chart. */
export interface ValueSet {
  values: object
  sees: (rendered: { manifests: readonly Rendered[]; env: Record<string, string>; clusterUid: string }) => void
}

const names = (manifests: readonly Rendered[], kind: string): string[] =>
  manifests.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name)

const mounted = (manifests: readonly Rendered[]): string[] =>
  manifests
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ spec }) => spec?.template?.spec.containers ?? [])
    .flatMap(({ volumeMounts }) => volumeMounts ?? [])
    .map(({ mountPath }) => mountPath)

/** Ten kinds of users; the first one has the defaults. */
export const valueSets: Readonly<Record<string, ValueSet>> = {
  'the defaults': {
    values: {},
    sees: ({ manifests, env }) => {
      expect(names(manifests, 'PodDisruptionBudget')).toEqual(['drydock'])
      expect(env['AWS_SHARED_CREDENTIALS_FILE']).toBe('/credentials/cloud')
      expect(mounted(manifests)).toEqual(['/cache', '/tmp', '/credentials'])
    },
  },
  'a trial': {
    values: {
      replicas: 1,
      temporal: { namespace: 'restores', trial: { enabled: true } },
      networkPolicy: { enabled: true },
    },
    sees: ({ manifests, env }) => {
      expect(names(manifests, 'StatefulSet')).toEqual(['drydock-trial-temporal'])
      expect(names(manifests, 'NetworkPolicy')).toEqual(['drydock', 'drydock-trial-temporal'])
      expect(env['TEMPORAL_ADDRESS']).toBe('drydock-trial-temporal.velero:7233')
    },
  },
  'mutual TLS': {
    values: {
      temporal: {
        address: 'temporal.example.com:7233',
        namespace: 'restores',
        tls: {
          enabled: true,
          serverName: 'frontend',
          ca: { secret: 'temporal-ca' },
          clientCertificate: { secret: 'temporal-client' },
        },
        codec: { secret: 'drydock-codec' },
      },
    },
    sees: ({ manifests, env }) => {
      expect(env).toMatchObject({
        TEMPORAL_TLS: 'true',
        TEMPORAL_TLS_SERVER_NAME: 'frontend',
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/temporal/ca/ca.crt',
        TEMPORAL_TLS_CLIENT_CERT_PATH: '/temporal/client/tls.crt',
        TEMPORAL_TLS_CLIENT_KEY_PATH: '/temporal/client/tls.key',
        DRYDOCK_CODEC_KEYS_FILE: '/codec/keys',
      })
      expect(mounted(manifests)).toEqual(expect.arrayContaining(['/temporal/ca', '/temporal/client', '/codec']))
    },
  },
  'Temporal Cloud and Worker Versioning': {
    values: {
      image: { repository: 'registry.example.com/drydock', tag: '1.2.3', pullSecrets: ['registry'] },
      temporal: {
        address: 'eu-west-1.aws.api.temporal.io:7233',
        namespace: 'restores.a1b2c',
        tls: { enabled: true },
        apiKey: { secret: 'temporal-cloud' },
      },
      versioning: { enabled: true, deployment: 'drydock-east' },
    },
    sees: ({ env }) => {
      expect(env).toMatchObject({ TEMPORAL_API_KEY: '', DRYDOCK_BUILD_ID: '1.2.3', DRYDOCK_DEPLOYMENT: 'drydock-east' })
    },
  },
  'a role of AWS in place of a Secret': {
    values: {
      velero: { useSecret: false },
      serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/drydock' } },
    },
    sees: ({ manifests, env }) => {
      const [account] = manifests.filter(({ kind }) => kind === 'ServiceAccount')
      expect(account?.metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/drydock' })
      expect(env).not.toHaveProperty('AWS_SHARED_CREDENTIALS_FILE')
      expect(mounted(manifests)).not.toContain('/credentials')
    },
  },
  'autoscaling by KEDA': {
    values: {
      autoscaling: { enabled: true, maxReplicas: 9 },
      temporal: {
        tls: { enabled: true, ca: { secret: 'temporal-ca' }, clientCertificate: { secret: 'temporal-client' } },
      },
    },
    sees: ({ manifests, clusterUid }) => {
      const [scaled] = manifests.filter(({ kind }) => kind === 'ScaledObject')
      expect(scaled?.spec?.triggers?.[0]?.metadata).toMatchObject({ taskQueue: `drydock-${clusterUid}-velero` })
      expect(names(manifests, 'TriggerAuthentication')).toEqual(['drydock'])
      expect(manifests.find(({ kind }) => kind === 'Deployment')?.spec).not.toHaveProperty('replicas')
    },
  },
  'a proxy, own authorities and settings': {
    values: {
      proxy: { httpsProxy: 'http://proxy:3128', noProxy: '.svc' },
      caBundle: { configMap: 'authorities' },
      settings: { DRYDOCK_RESTORES_MAX: 20, DRYDOCK_VALIDATE: true, DRYDOCK_LOG_LEVEL: 'debug' },
      extraEnv: [{ name: 'AWS_REGION', value: 'eu-west-1' }],
      plugins: [{ name: 'of-us', image: 'registry.example.com/velero-plugin:v1' }],
      shutdownGraceSeconds: 120,
      cache: { sizeGi: 50 },
      notify: { secret: 'drydock-notify', when: 'trouble', template: { configMap: 'drydock-notify' } },
    },
    sees: ({ manifests, env }) => {
      expect(env).toMatchObject({
        HTTPS_PROXY: 'http://proxy:3128',
        NO_PROXY: '.svc',
        NODE_EXTRA_CA_CERTS: '/ca-bundle/ca.crt',
        DRYDOCK_RESTORES_MAX: '20',
        DRYDOCK_VALIDATE: 'true',
        AWS_REGION: 'eu-west-1',
        DRYDOCK_NOTIFY_URL: '',
        DRYDOCK_NOTIFY_SECRET: '',
        DRYDOCK_NOTIFY_ON: 'trouble',
        DRYDOCK_NOTIFY_TEMPLATE: '/notify/template.json',
      })
      expect(mounted(manifests)).toEqual(expect.arrayContaining(['/plugins', '/notify']))
      const [worker] = manifests.filter(({ kind }) => kind === 'Deployment')
      expect(worker?.spec?.template?.spec).toMatchObject({ terminationGracePeriodSeconds: 150 })
    },
  },
  'a policy, and users': {
    values: {
      policy: {
        rules: [
          { user: 'alice', groups: ['shopkeepers'], namespaces: ['shop', 'shop-*'] },
          { user: 'system:serviceaccount:kube-public:restorer', namespaces: ['shop'] },
          { asWorker: true, namespaces: ['scratch-*'], from: ['*'] },
        ],
        plugins: ['example.com/trusted'],
      },
    },
    sees: ({ manifests, env }) => {
      expect(env).toMatchObject({ DRYDOCK_POLICY_FILE: '/policy/policy.yaml' })
      expect(mounted(manifests)).toContain('/policy')
      const policy = manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['policy.yaml'] ?? ''
      const parsed = parseRestorePolicy(policy)
      expect(parsed).toMatchObject({ policy: { plugins: ['example.com/trusted'] } })
      expect('policy' in parsed && parsed.policy.rules?.map(({ user }) => user)).toEqual([
        'alice',
        'system:serviceaccount:kube-public:restorer',
        undefined,
      ])
      const rules = manifests.flatMap((one) => one.rules ?? []).filter(({ verbs }) => verbs.includes('impersonate'))
      const named = rules.flatMap(({ resources = [], resourceNames = [] }) =>
        resourceNames.map((name) => `${resources.join()} ${name}`),
      )
      expect(named.toSorted()).toEqual(['groups shopkeepers', 'serviceaccounts restorer', 'users alice'])
      expect(manifests.find(({ kind }) => kind === 'Role')?.metadata).toMatchObject({ namespace: 'kube-public' })
    },
  },
  'the user of the workers': {
    values: { settings: { DRYDOCK_IMPERSONATE_USER: 'restorer', DRYDOCK_IMPERSONATE_GROUPS: 'a, b' } },
    sees: ({ manifests }) => {
      const rules = manifests.flatMap((one) => one.rules ?? []).filter(({ verbs }) => verbs.includes('impersonate'))
      expect(rules.map(({ resourceNames }) => resourceNames)).toEqual([['restorer'], ['a', 'b']])
    },
  },
  'prometheus-operator, and an account and rights of somebody else': {
    values: {
      serviceAccount: { create: false, name: 'velero' },
      rbac: { create: false },
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      podDisruptionBudget: { minAvailable: 1, maxUnavailable: null },
      nodeSelector: { pool: 'infra' },
      tolerations: [{ key: 'infra', operator: 'Exists' }],
      priorityClassName: 'system-cluster-critical',
    },
    sees: ({ manifests }) => {
      expect(names(manifests, 'ServiceMonitor')).toEqual(['drydock'])
      expect(names(manifests, 'ClusterRole')).toEqual([])
      expect(names(manifests, 'ServiceAccount')).toEqual([])
    },
  },
}

/** The objects of a rendered chart. */
export function manifestsIn(text: string): Rendered[] {
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Rendered | null) ?? [])
}

/** The environment of a worker's container; what comes from elsewhere is empty. */
export function envOf({ spec }: Rendered): Record<string, string> {
  const env = spec?.template?.spec.containers[0]?.env ?? []
  return Object.fromEntries(
    env.filter(({ name }) => name !== 'VELERO_NAMESPACE').map(({ name, value = '' }) => [name, value]),
  )
}

/** The pod that a Deployment or a StatefulSet would make, with the claims of the latter. */
export function podOf({ metadata, spec }: Rendered): object {
  const template = spec?.template
  const claimed = (template?.spec.containers[0]?.volumeMounts ?? []).map(({ name }) => name)
  const volumes = template?.spec.volumes ?? []
  const missing = claimed.filter((name) => !volumes.some((volume) => volume.name === name))
  const claims = missing.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return {
    metadata: { ...template?.metadata, name: `${metadata.name}-0` },
    spec: { ...template?.spec, volumes: [...volumes, ...claims] },
  }
}

/** The uid of kube-system, which is the cluster's identity. */
export async function clusterUidIn(client: KubeClient): Promise<string> {
  const { body } = await client.must('GET', '/api/v1/namespaces/kube-system')
  return (body as { metadata: { uid: string } }).metadata.uid
}

/** The kind of prometheus-operator, without its schema. */
export const serviceMonitorCrd: object = {
  metadata: { name: 'servicemonitors.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { kind: 'ServiceMonitor', plural: 'servicemonitors', singular: 'servicemonitor' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}
