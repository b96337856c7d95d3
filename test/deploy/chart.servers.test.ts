import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import { startCluster } from '../../devstack/cluster.ts'
import { chartDir, renderManifests } from '../../devstack/render-manifests.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import { obtainTool } from '../../devstack/tools/obtain-tool.ts'
import { readConfig } from '../../worker/config.ts'
import { ownDir } from '../kit/run/sweep.ts'
import { clusterUidIn, envOf, manifestsIn, podOf, serviceMonitorCrd, valueSets } from './chart-values.ts'
import type { Rendered } from './chart-values.ts'
import { kedaOf, type Keda } from './keda.ts'

const dir = ownDir()
let helm: string
let kubeconfig: string
let client: KubeClient
let keda: Keda

beforeAll(async () => {
  helm = await obtainTool('helm', { report: console.error, signal: new AbortController().signal })
  const cluster = await startCluster({ dir })
  kubeconfig = cluster.kubeconfig
  client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  const strict = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }
  await client.must('PATCH', '/api/v1/namespaces/velero', strict, 'application/merge-patch+json')
  keda = await kedaOf(dir)
  for (const crd of [serviceMonitorCrd, ...keda.crds])
    await client.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
})

afterAll(async () => {
  await client.close()
  await stopStack(dir)
  rmSync(dir, { recursive: true, force: true })
})

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env['PATH'], HOME: dir, KUBECONFIG: kubeconfig }
  const { status, stdout, stderr } = spawnSync(helm, args, { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

/** Runs Helm, and throws its words where it refuses. */
function must(...args: string[]): string {
  const { status, stdout, stderr } = run(...args)
  if (status !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`)
  return stdout
}

const release = ['drydock', chartDir, '--namespace', 'velero']

const deployed = async (): Promise<Rendered> =>
  (await client.must('GET', '/apis/apps/v1/namespaces/velero/deployments/drydock')).body as Rendered

describe('the chart', () => {
  it.each(Object.entries(valueSets))('is applied with %s', async (name, { values, sees }) => {
    const file = join(dir, `${name.replaceAll(/\W/g, '-')}.yaml`)
    writeFileSync(file, stringify(values))
    const upgraded = must('upgrade', '--install', ...release, '--values', file, '--output', 'json')
    const { manifest } = JSON.parse(upgraded) as { manifest: string }
    const manifests = manifestsIn(manifest)
    const worker = manifests.find(({ kind }) => kind === 'Deployment')
    if (worker === undefined) throw new Error('there is no Deployment')
    // The files are in the pod alone.
    const { DRYDOCK_NOTIFY_TEMPLATE: _template, DRYDOCK_POLICY_FILE: _policy, ...env } = envOf(worker)
    expect(() => readConfig(env)).not.toThrow()
    for (const owner of manifests.filter(({ spec }) => spec?.template !== undefined)) await admitPod(owner)
    sees({ manifests, env: envOf(worker), clusterUid: await clusterUidIn(client) })
  })

  it('goes back by rollback to what was installed first', async () => {
    must('rollback', 'drydock', '1', '--namespace', 'velero')
    expect(envOf(await deployed())).toMatchObject({ TEMPORAL_ADDRESS: 'temporal-frontend.temporal:7233' })
    const trial = await client.request('GET', '/apis/apps/v1/namespaces/velero/statefulsets/drydock-trial-temporal')
    expect(trial.status).toBe(404)
  })

  it.each([
    ['a client certificate', 'autoscaling by KEDA', 'temporal.tls.serverName=frontend'],
    ['an API key and a version', 'Temporal Cloud and Worker Versioning', 'autoscaling.enabled=true'],
  ])('scales in the words of KEDA itself, with %s', async (_with, set, more) => {
    const file = join(dir, 'keda.yaml')
    writeFileSync(file, stringify(valueSets[set]?.values))
    const options = ['--values', file, '--set', `${more},autoscaling.clusterUid=u`]
    const own = manifestsIn(must('template', ...release, ...options)).filter(
      ({ kind }) => kind === 'ScaledObject' || kind === 'TriggerAuthentication',
    )
    expect(own).toHaveLength(2)
    for (const { kind, ...object } of own) {
      const path = `/apis/keda.sh/v1alpha1/namespaces/velero/${kind.toLowerCase()}s`
      const asked = { kind, ...object, metadata: { ...object.metadata, name: 'asked' } }
      await client.must('POST', `${path}?dryRun=All&fieldValidation=Strict`, asked)
    }
    const [trigger] = own.flatMap(({ spec }) => spec?.triggers ?? [])
    expect(trigger?.type).toBe('temporal')
    expect(keda.triggerMetadata).toEqual(expect.arrayContaining(Object.keys(trigger?.metadata ?? {})))
    const secrets = own.flatMap(({ spec }) => spec?.secretTargetRef ?? []).map(({ parameter }) => parameter)
    expect(secrets.length).toBeGreaterThan(0)
    expect(keda.authParams).toEqual(expect.arrayContaining(secrets))
  })

  it('lets OpenShift choose user and group', () => {
    const options = ['--set', 'temporal.trial.enabled=true', '--api-versions', 'security.openshift.io/v1']
    expect(must('template', ...release, ...options)).not.toMatch(/runAsUser|runAsGroup|fsGroup/)
  })

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(chartDir, '../../package.json'), 'utf8')) as { version: string }
    expect(parse(readFileSync(join(chartDir, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version })
  })

  it('is the one source of the plain manifests', async () => {
    for (const [file, text] of await renderManifests(helm))
      expect(readFileSync(join(chartDir, '..', file), 'utf8')).toBe(text)
  })
})

/** Asks the API server about a pod as the owner would make it: the namespace has the pod standard `restricted`. */
async function admitPod(owner: Rendered): Promise<void> {
  await client.must('POST', '/api/v1/namespaces/velero/pods?dryRun=All', podOf(owner))
}

describe('values that contradict each other are refused in a sentence before anything is applied:', () => {
  it.each([
    ['temporal.trial.enabled=true,temporal.address=a:7233', 'set only one of them'],
    ['temporal.trial.enabled=true,temporal.tls.enabled=true', 'the trial speaks neither TLS nor API keys'],
    ['temporal.tls.ca.secret=ca', 'temporal.tls.enabled is false: set it to true'],
    ['temporal.apiKey.secret=key', 'an API key is sent by TLS only'],
    ['velero.useSecret=false,velero.credentialsSecret=mine', 'velero.credentialsSecret names a Secret'],
    ['serviceAccount.create=false', 'name the existing account'],
    ['podDisruptionBudget.minAvailable=1', 'set the other one to null'],
    ['proxy.noProxy=.svc', 'set proxy.httpsProxy or proxy.httpProxy'],
    ['autoscaling.enabled=true,autoscaling.clusterUid=u,temporal.tls.enabled=true', 'KEDA speaks TLS to Temporal only'],
    ['autoscaling.enabled=true', 'set autoscaling.clusterUid'],
    ['autoscaling.minReplicas=9', 'autoscaling.minReplicas (9) is more than autoscaling.maxReplicas (6)'],
    ['heapMi=2048', 'heapMi (2048) is not below resources.limits.memory'],
    ['settings.DRYDOCK_ARCHIVE_DIR=/x', 'settings names a variable that the chart makes of another value'],
    ['replica=3', "additional properties 'replica' not allowed"],
  ])('%s', (values, sentence) => {
    const { status, stdout, stderr } = run('template', ...release, '--set', values)
    expect(status).toBe(1)
    expect(stderr).toContain(sentence)
    expect(parseAllDocuments(stdout)).toHaveLength(0)
  })
})
