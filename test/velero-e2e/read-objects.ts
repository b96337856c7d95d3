import type { KubeClient } from '../../devstack/cluster/kube-client.ts'

/** An object of the cluster as the stand-ins read it. */
export type Found = { metadata: Record<string, any>; spec: Record<string, any>; status?: Record<string, any> }

/** The objects at a path; none where the path is not served, as while Velero is not installed. */
export async function list(client: KubeClient, path: string): Promise<Found[]> {
  const { body } = await client.request('GET', path)
  return (body as { items?: Found[] }).items ?? []
}

/** An object; undefined where there is none. */
export async function read(client: KubeClient, path: string): Promise<Found | undefined> {
  const { status, body } = await client.request('GET', path)
  return status === 200 ? (body as Found) : undefined
}
