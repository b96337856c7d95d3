import { parse } from 'yaml'
import type { Manifest } from '../../../velero/manifest.ts'
import { withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'
import { waitUntil } from '../wait-until.ts'

const crdsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** What the CRDs of Velero's main branch have beyond those of v1.18, where Drydock meets it. */
const additions: Readonly<Record<string, string>> = {
  'restores.velero.io': `
    spec: {properties: {
      existingVolumeDataPolicy: {type: string, nullable: true},
      skipDefaultResourceModifier: {type: boolean, nullable: true},
      uploaderConfig: {properties: {deleteExtraFiles: {type: boolean, nullable: true}}}}}`,
  'podvolumerestores.velero.io': `spec: {properties: {restoreType: {type: string}}, required: [restoreType]}`,
  'datadownloads.velero.io': `spec: {properties: {restoreType: {type: string}}, required: [restoreType]}`,
  'downloadrequests.velero.io': `
    status: {properties: {phase: {enum: [New, Processed, Failed]}, message: {type: string}}}`,
}

/** Gives a cluster the CRDs of Velero after v1.18, as far as Drydock meets them, and waits until they are in force. */
export async function serveNextCrds(cluster: TestCluster): Promise<void> {
  await withAdmin(cluster, async (client) => {
    for (const [name, text] of Object.entries(additions)) {
      const { body } = await client.must('GET', `${crdsPath}/${name}`)
      const crd = body as Crd
      for (const { schema } of crd.spec.versions)
        schema.openAPIV3Schema.properties = merged(schema.openAPIV3Schema.properties, parse(text)) as object
      await client.must('PUT', `${crdsPath}/${name}`, crd)
    }
    const namespace = cluster.veleroNamespace
    const path = `/apis/velero.io/v2alpha1/namespaces/${namespace}/datadownloads?dryRun=All`
    const order = {
      apiVersion: 'velero.io/v2alpha1',
      kind: 'DataDownload',
      metadata: { name: 'without-a-type' },
      spec: {
        backupStorageLocation: 'default',
        operationTimeout: '1m',
        snapshotID: 's',
        sourceNamespace: 'n',
        targetVolume: { namespace: 'n', pvc: 'c', pv: '' },
      },
    }
    const isRefused = async () => (await client.request('POST', path, order)).status === 422
    await waitUntil(isRefused, 60_000, 'the API server to ask for restoreType')
  })
}

interface Crd extends Manifest {
  spec: { versions: { schema: { openAPIV3Schema: { properties: object } } }[] }
}

function merged(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return [...new Set([...(a as unknown[]), ...(b as unknown[])])]
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return b
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return Object.fromEntries(keys.map((key) => [key, key in right ? merged(left[key], right[key]) : left[key]]))
}
