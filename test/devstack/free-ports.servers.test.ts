import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { freePorts, onFreePorts, PortTaken } from '../../devstack/processes/free-ports.ts'
import { openHome, type Home } from '../../devstack/home.ts'
import { launchEtcd, startEtcd } from '../../devstack/services/etcd.ts'
import { launchApiServer, startApiServer } from '../../devstack/services/kube-apiserver.ts'
import { launchTemporal } from '../../devstack/services/temporal.ts'
import { launchVersitygw } from '../../devstack/services/versitygw.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import { whenFileIsOver } from '../kit/run/clean-up.ts'
import { ownDir } from '../kit/run/sweep.ts'

let other: Server
let taken: number

beforeAll(async () => {
  ;[taken = 0] = await freePorts(1)
  other = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => other.listen(taken, '127.0.0.1', resolve))
})

afterAll(() => void other.close())

function aHome(): Home {
  const home = openHome(ownDir())
  whenFileIsOver(() => stopStack(home.dir))
  return home
}

const s3At = (port = 0) => ({
  endpoint: `http://127.0.0.1:${port}`,
  bucket: 'b',
  accessKey: 'a',
  secretKey: 'secret',
  region: 'us-east-1',
})

/** What starts each server on these ports. */
const servers: [string, number, (home: Home, ports: readonly number[]) => Promise<unknown>][] = [
  ['versitygw', 1, (home, [port]) => launchVersitygw(home, s3At(port))],
  ['etcd', 2, (home, ports) => launchEtcd(home, ports)],
  ['Temporal', 4, (home, ports) => launchTemporal(home, ports)],
]

describe('a server whose port another process took before it could bind it', () => {
  it.each(servers)('is started on other ports: %s', async (_, count, start) => {
    const home = aHome()
    let starts = 0
    await onFreePorts(count, (ports) => start(home, ++starts === 1 ? [taken, ...ports.slice(1)] : ports))
    expect(starts).toBe(2)
  })

  it('is started on other ports: kube-apiserver', async () => {
    const home = aHome()
    const options = { etcd: await startEtcd(home) }
    const { tokens } = await startApiServer(home, options)
    await endProcess(home.state.services['kube-apiserver']!)
    let starts = 0
    await onFreePorts(1, ([port = 0]) =>
      launchApiServer(home, { port: ++starts === 1 ? taken : port, tokens }, options),
    )
    expect(starts).toBe(2)
  })

  it('fails with the words of its log after a few attempts', async () => {
    const home = aHome()
    let starts = 0
    const start = () => {
      starts++
      return launchVersitygw(home, s3At(taken))
    }
    await expect(onFreePorts(1, start)).rejects.toThrow(PortTaken)
    expect(starts).toBe(5)
  })
})

it('a start that fails for another reason is not tried again', async () => {
  let starts = 0
  const start = () => {
    starts++
    return Promise.reject(new Error('no disk'))
  }
  await expect(onFreePorts(1, start)).rejects.toThrow('no disk')
  expect(starts).toBe(1)
})
