import { beforeAll, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { writesInto } from '../../kit/audit.ts'
import { openDefinition } from '../../kit/backups/open-definition.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

const group = 'newer.example.com'
const definition = openDefinition({ group, kind: 'Boat' })
const schema = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { color: { type: 'string' }, oars: { type: 'integer', default: 2 } } },
  },
}

/** The kind as a newer cluster serves it: with a field that the backup does not know, and a default for it. */
const newer: Manifest = {
  ...definition,
  spec: {
    ...(definition['spec'] as object),
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
}

function boat(name: string, spec: Record<string, unknown>): Manifest {
  const fields = Object.fromEntries(Object.keys(spec).map((field) => [`f:${field}`, {}]))
  const entry = {
    manager: 'shipyard',
    operation: 'Update',
    apiVersion: `${group}/v1`,
    time: '2025-06-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { '.': {}, ...fields } },
  }
  const metadata = { name, namespace: 'harbour', managedFields: [entry] }
  return { apiVersion: `${group}/v1`, kind: 'Boat', metadata, spec }
}

const older = boat('older', { color: 'red' })
const equal = boat('equal', { color: 'red', oars: 4 })

let cluster: TestCluster
beforeAll(async () => {
  cluster = await freshCluster({ backups: [], audit: true })
  await withAdmin(cluster, (admin) =>
    admin.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', newer),
  )
  await putBackup(cluster, { name: 'boats', items: [older, equal].map((one) => [`boats.${group}`, one] as const) })
  await startWorker(cluster)
  await createRestore(cluster, { name: 'boats', spec: { backupName: 'boats' } })
  expect((await awaitRestore(cluster, 'boats')).status).toMatchObject({ phase: 'Completed' })
})

const read = (name: string) =>
  withAdmin(cluster, async (admin) => {
    const { body } = await admin.must('GET', `/apis/${group}/v1/namespaces/harbour/boats/${name}`)
    return body as Manifest
  })
const writesOf = (name: string) =>
  writesInto(cluster, 'harbour')
    .filter(({ objectRef }) => objectRef?.resource === 'boats' && objectRef.name === name)
    .map(({ verb }) => verb)

it('a default that the backup does not know belongs to nobody, as after two writes', async () => {
  const { spec, metadata } = (await read('older')) as Manifest & { spec: unknown }
  expect(spec).toEqual({ color: 'red', oars: 2 })
  expect(metadata.managedFields).toEqual(older.metadata.managedFields)
  expect(writesOf('older')).toEqual(['create', 'patch'])
})

it('one write is enough where the backup has the field', async () => {
  const { metadata } = await read('equal')
  expect(metadata.managedFields).toMatchObject([{ manager: 'shipyard', operation: 'Update' }])
  expect(writesOf('equal')).toEqual(['create'])
})
