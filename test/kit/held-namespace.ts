import { withAdmin } from './restores.ts'
import type { TestCluster } from './stack.ts'
import { waitUntil } from './wait-until.ts'

const path = (name: string) => `/api/v1/namespaces/${name}`

/**
 * Makes a namespace that is going away and does not go: whatever is restored into it keeps the restore `InProgress`,
 * while all that goes elsewhere is restored. A finalizer of its own holds it where a controller of namespaces runs.
 */
export async function holdNamespace(cluster: TestCluster, name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    await admin.must('POST', '/api/v1/namespaces', { metadata: { name }, spec: { finalizers: ['drydock.test/held'] } })
    await admin.must('DELETE', path(name))
  })
}

/** Lets it go, as the controller of namespaces does once nothing is in there. */
export async function letNamespaceGo(cluster: TestCluster, name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    // Where there is such a controller it may write in between.
    const isLet = async () => {
      const { body } = await admin.must('GET', path(name))
      const free = { ...(body as object), spec: { finalizers: [] } }
      return (await admin.request('PUT', `${path(name)}/finalize`, free)).status === 200
    }
    await waitUntil(isLet, 30_000, `namespace ${name} to go`)
  })
}
