import { existsSync, readFileSync } from 'node:fs'
import { openKubeClient } from '../cluster/kube-client.ts'

/** Whether a server with a certificate of its own answers 200. It writes the certificate shortly before it listens. */
export async function answersOk(target: { url: string; certificate: string; token?: string }): Promise<boolean> {
  if (!existsSync(target.certificate)) return false
  const { origin, pathname, search } = new URL(target.url)
  const client = openKubeClient({
    url: origin,
    ca: readFileSync(target.certificate, 'utf8'),
    token: target.token ?? '',
  })
  try {
    return (await client.request('GET', pathname + search)).status === 200
  } finally {
    await client.close()
  }
}
