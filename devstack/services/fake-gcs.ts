import type { Home } from '../home.ts'
import { onFreePorts } from '../processes/free-ports.ts'
import { launch } from '../processes/launch.ts'

/** Starts a server that speaks Google Cloud Storage's API, over memory. Returns its address, such as `http://127.0.0.1:4443`. */
export async function startFakeGcs(home: Home): Promise<string> {
  return onFreePorts(1, async ([port]) => {
    const host = `127.0.0.1:${port}`
    await launch(home, {
      name: 'fake-gcs-server',
      binary: await home.tool('fake-gcs-server'),
      args: ['-scheme', 'http', '-host', '127.0.0.1', '-port', `${port}`, '-backend', 'memory', '-public-host', host],
      address: `http://${host}`,
      ready: async () => (await fetch(`http://${host}/_internal/healthcheck`)).ok,
    })
    return `http://${host}`
  })
}
