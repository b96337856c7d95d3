import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openHome } from '../../devstack/home.ts'
import { startTemporal, searchAttributes } from '../../devstack/services/temporal.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import { isMissing } from '../kit/debian-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const secrets = { TEMPORAL_DB_PASSWORD: 'p', S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 's' }

/** The compose client of this machine: Docker's plugin, or the program that needs no engine to read a file. */
const composeClient = [['docker', 'compose'], ['docker-compose']].find(
  ([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0,
)

function compose(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  const [program = '', ...args] = composeClient ?? []
  const run = spawnSync(program, [...args, 'config'], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  })
  return { status: run.status, stdout: run.stdout, stderr: run.stderr }
}

interface Service {
  image: string
  depends_on?: Record<string, { condition: string }>
  environment?: Record<string, string>
  ports?: (string | { host_ip?: string })[]
}

describe.skipIf(isMissing('docker-compose', composeClient !== undefined))('docker-compose.yml', () => {
  it('is read by a compose client without a complaint', () => {
    const { status, stderr } = compose(secrets)
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('has no password of its own: without one it says which is missing', () => {
    const { status, stderr } = compose({ ...secrets, TEMPORAL_DB_PASSWORD: '' })
    expect(status).not.toBe(0)
    expect(stderr).toContain('TEMPORAL_DB_PASSWORD')
  })

  it('pins every image, and shows ports to this machine alone', () => {
    const { services } = parse(compose(secrets).stdout) as { services: Record<string, Service> }
    for (const [name, { image, ports = [] }] of Object.entries(services)) {
      if (name !== 'worker') expect(image).toMatch(/:v?\d/)
      for (const port of ports) expect(typeof port === 'string' ? port : `${port.host_ip}:`).toMatch(/^127\.0\.0\.1:/)
    }
  })

  it('names database and shard count of Temporal, which cannot be changed later', () => {
    const { services } = parse(compose(secrets).stdout) as { services: Record<string, Service> }
    expect(services['temporal']?.environment).toMatchObject({ DB: 'postgres12', NUM_HISTORY_SHARDS: '128' })
  })

  it('starts the worker after namespace and search attributes are there', () => {
    const { services } = parse(compose(secrets).stdout) as { services: Record<string, Service> }
    expect(services['worker']?.depends_on).toEqual({
      'temporal-init': { condition: 'service_completed_successfully' },
    })
  })
})

describe('temporal-init.sh', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-compose-'))
  let env: Record<string, string>

  beforeAll(async () => {
    const home = openHome(dir, {})
    const { address } = await startTemporal(home, {})
    const bin = join(dir, 'path')
    mkdirSync(bin)
    symlinkSync(await home.tool('temporal'), join(bin, 'temporal'))
    env = { HOME: dir, PATH: `${bin}:${process.env['PATH']}`, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'drydock' }
  })

  afterAll(() => stopStack(dir))

  it('registers the namespace and what restores are found by, and may run again', () => {
    const script = join(root, 'deploy/compose/temporal-init.sh')
    for (let times = 0; times < 2; times++) execFileSync('/bin/sh', [script], { env, stdio: 'pipe' })
    const listed = execFileSync('temporal', ['operator', 'search-attribute', 'list', '--namespace', 'drydock'], {
      env,
      encoding: 'utf8',
    })
    for (const name of Object.keys(searchAttributes)) expect(listed).toMatch(new RegExp(`${name}\\s+Keyword`))
  })
})
