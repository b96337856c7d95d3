import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { withAdmin } from './restores.ts'
import { whenFileIsOver } from './run/clean-up.ts'
import type { TestCluster } from './stack.ts'

/** A webhook server: where it is, and the names of the objects that it was asked about. */
export interface WebhookServer {
  client: { url: string; caBundle: string }
  asked: string[]
  close(): void
}

/** What a webhook says of an object; undefined where it never answers. */
export type Verdict = { allowed: boolean; status?: { code: number; message: string } } | undefined

/** Starts a webhook server that decides by the object's name, on any free port if none is given. */
export async function startWebhook(
  decide: (name: string) => Promise<Verdict> | Verdict,
  port = 0,
): Promise<WebhookServer> {
  const asked: string[] = []
  const { key, cert } = makeCertificate()
  const server = createServer({ key, cert }, (request, answer) => {
    const decided = json(request).then(async (review) => {
      const { uid, object } = (review as { request: { uid: string; object: { metadata: { name: string } } } }).request
      asked.push(object.metadata.name)
      const verdict = await decide(object.metadata.name)
      if (verdict === undefined) return
      const response = { uid, ...verdict }
      answer.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }))
    })
    decided.catch((error: unknown) => answer.destroy(error instanceof Error ? error : new Error(String(error))))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    client: { url, caBundle: cert.toString('base64') },
    asked,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A key and a certificate for 127.0.0.1 that it signs itself. */
export function makeCertificate(): { key: Buffer; cert: Buffer } {
  const cwd = mkdtempSync(join(tmpdir(), 'drydock-webhook-'))
  const pair = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...pair, ...names], { cwd, stdio: 'ignore' })
  const made = { key: readFileSync(join(cwd, 'key.pem')), cert: readFileSync(join(cwd, 'cert.pem')) }
  rmSync(cwd, { recursive: true })
  return made
}

/** Where the API server keeps configurations of validating webhooks. */
export const webhooksPath = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

/** A webhook that is asked about the create of each ConfigMap with label `webhook: <name>`. */
export function webhookFor(
  name: string,
  clientConfig: WebhookServer['client'],
  { failurePolicy = 'Fail', timeoutSeconds = 5 }: { failurePolicy?: 'Fail' | 'Ignore'; timeoutSeconds?: number } = {},
): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig,
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        objectSelector: { matchLabels: { webhook: name } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy,
        timeoutSeconds,
      },
    ],
  }
}

/** The label of ConfigMaps whose creates are slow in a cluster with `slowCreates`. */
export const slowLabel = { webhook: 'slow' }

/** How slow they are now. */
export interface SlowCreates {
  /** Each takes that long from now on. */
  slow(ms: number): void
  /** Each takes no longer than others. */
  fast(): void
}

/**
 * Has a webhook hold the create of each ConfigMap with `slowLabel`, so that a test comes in time to do something in the midst of
 * a restore of few items. A restore of many items takes as long, and the time of the processors with it.
 */
export async function slowCreates(cluster: TestCluster): Promise<SlowCreates> {
  let heldMs = 0
  const server = await startWebhook(async () => {
    await sleep(heldMs)
    return { allowed: true }
  })
  whenFileIsOver(() => server.close())
  const webhook = webhookFor(slowLabel.webhook, server.client, { timeoutSeconds: 30 })
  await withAdmin(cluster, (admin) => admin.must('POST', webhooksPath, webhook))
  return { slow: (ms) => void (heldMs = ms), fast: () => void (heldMs = 0) }
}
