import { withAdmin } from './restores.ts'
import type { TestCluster } from './stack.ts'

const path = (name: string) => `/api/v1/namespaces/${name}`

/**
 * Makes a namespace that is going away and does not go, for no controller empties it: a restore into it stays
 * `InProgress`. Only for clusters without a controller manager.
 */
export async function holdNamespace(cluster: TestCluster, name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    await admin.must('POST', '/api/v1/namespaces', { metadata: { name } })
    await admin.must('DELETE', path(name))
  })
}

/** Lets it go, as the controller of namespaces does once nothing is in there. */
export async function letNamespaceGo(cluster: TestCluster, name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    const { body } = await admin.must('GET', path(name))
    await admin.must('PUT', `${path(name)}/finalize`, { ...(body as object), spec: { finalizers: [] } })
  })
}
