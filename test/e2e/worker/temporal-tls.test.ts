import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openHome } from '../../../devstack/home.ts'
import { freePorts } from '../../../devstack/processes/free-ports.ts'
import { launchTemporalServer } from '../../../devstack/services/temporal-server.ts'
import { searchAttributes } from '../../../devstack/services/temporal.ts'
import { stopStack } from '../../../devstack/stop-stack.ts'
import { isTemporalServerWanted } from '../../../devstack/tools/versions.ts'
import { runClient } from '../../kit/client.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { ownDir } from '../../kit/run/sweep.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { makeCertificates, serverName, startTemporalFront } from './temporal-front.ts'
import type { Certificates, TemporalFront } from './temporal-front.ts'
import { startWorker } from '../../kit/worker.ts'

type Env = Record<string, string>
interface Case {
  namespace: string
  address: string
  /** Absent where Temporal itself does what a front does for the dev server. */
  counts?: TemporalFront['counts']
  right: Env
  wrong: Env
}

const dir = mkdtempSync(join(tmpdir(), 'drydock-tls-'))
let tls: Certificates
let cluster: TestCluster
let cases: { certificate: Case; key: Case }

beforeAll(async () => {
  whenFileIsOver(() => rmSync(dir, { recursive: true, force: true }))
  tls = makeCertificates(dir)
  cluster = await freshCluster()
  const { address } = cluster.temporal
  const byCertificate = isTemporalServerWanted()
    ? { address: await serverWithTls() }
    : await startTemporalFront(address, tls, { certificateOf: tls.ca })
  const byKey = await startTemporalFront(address, tls, { apiKey: 'the-key' })
  const showing = { TEMPORAL_TLS_CLIENT_CERT_PATH: tls.client.cert, TEMPORAL_TLS_CLIENT_KEY_PATH: tls.client.key }
  cases = {
    certificate: {
      ...byCertificate,
      namespace: 'by-certificate',
      right: { ...trusting(byCertificate), ...showing },
      wrong: trusting(byCertificate),
    },
    key: {
      ...byKey,
      namespace: 'by-key',
      right: { ...trusting(byKey), TEMPORAL_API_KEY: 'the-key' },
      wrong: { ...trusting(byKey), TEMPORAL_API_KEY: 'another-key' },
    },
  }
})

const trusting = ({ address }: { address: string }): Env => ({
  TEMPORAL_ADDRESS: address,
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_SERVER_NAME: serverName,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls.ca,
})

/** Temporal's own server, which wants a client certificate of each client. */
async function serverWithTls(): Promise<string> {
  const home = openHome(ownDir())
  whenFileIsOver(() => stopStack(home.dir))
  const [port = 0, http = 0, metrics = 0] = await freePorts(3)
  await launchTemporalServer(home, {
    port,
    http,
    metrics,
    searchAttributes,
    dynamicConfig: [],
    tls: { certFile: tls.server.cert, keyFile: tls.server.key, caFile: tls.ca, serverName },
    client: {
      serverNameOverride: serverName,
      serverRootCACertificate: readFileSync(tls.ca),
      clientCertPair: { crt: readFileSync(tls.client.cert), key: readFileSync(tls.client.key) },
    },
  })
  return `127.0.0.1:${port}`
}

describe.each(['certificate', 'key'] as const)('a Temporal that asks clients for a %s', (kind) => {
  it('has workers and a command line that show it: a restore ends Completed', async () => {
    const { namespace, address, counts, right } = cases[kind]
    const worker = await startWorker(cluster, right)
    const what = ['--from-backup', 'shop', '--include-resources', 'configmaps,secrets']
    const mapped = ['--namespace-mappings', `shop:${namespace}`]
    const started = await runClient(cluster, ['start', namespace, ...what, ...mapped, '--wait'], right)
    expect(started).toMatchObject({ code: 0 })
    if (counts !== undefined) expect(counts).toMatchObject({ passed: expect.any(Number), refused: 0 })
    const checked = await runClient(cluster, ['doctor'], right)
    expect(checked.out).toContain(`Temporal answers at ${address}`)
    expect(await worker.stop()).toBe(0)
  })

  it('refuses those that show none or a wrong one, and they say so in one line', async () => {
    const { address, counts, wrong } = cases[kind]
    const passed = counts?.passed
    const refused = startWorker(cluster, { ...wrong, DRYDOCK_START_TIMEOUT: '3s' })
    await expect(refused).rejects.toThrow(`Temporal at ${address} does not answer`)
    const checked = await runClient(cluster, ['doctor'], wrong)
    expect(checked.code).not.toBe(0)
    expect(checked.out).toContain(`Temporal at ${address} does not answer`)
    expect(checked.out).toContain('for TLS TEMPORAL_TLS_… or TEMPORAL_API_KEY')
    expect(counts?.passed).toBe(passed)
    if (counts !== undefined) expect(counts.refused).toBeGreaterThan(0)
  })
})

it('a Temporal whose certificate nobody trusted has signed is not asked for anything', async () => {
  const { address, counts, right } = cases.key
  const stranger = join(dir, 'stranger.crt')
  writeFileSync(stranger, cluster.kubeCa)
  const passed = counts?.passed
  const starting = startWorker(cluster, { ...right, TEMPORAL_TLS_SERVER_CA_CERT_PATH: stranger })
  await expect(starting).rejects.toThrow(new RegExp(`Temporal at ${address} does not answer: .*InvalidCertificate`))
  expect(counts?.passed).toBe(passed)
})
