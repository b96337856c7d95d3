import { join } from 'node:path'
import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import type { TemporalAddress } from '../stack-types.ts'
import { isTemporalServerWanted } from '../tools/versions.ts'
import { launchTemporalServer } from './temporal-server.ts'

/** The search attributes by which the Web UI finds restores. */
export const searchAttributes: Readonly<Record<string, string>> = {
  DrydockRestore: 'Keyword',
  DrydockBackup: 'Keyword',
  DrydockNamespace: 'Keyword',
  DrydockPhase: 'Keyword',
  DrydockOutcome: 'Keyword',
}

const always = ['history.transferProcessorMaxPollRPS=1000', 'system.enableActivityEagerExecution=true']

/** Starts Temporal with its Web UI and a database file; it answers once the namespace `default` exists. */
export async function startTemporal(home: Home, attributes = searchAttributes): Promise<TemporalAddress> {
  return onFreePorts(4, (ports) => launchTemporal(home, ports, attributes))
}

/** Starts it on four given ports, so that a server which was stopped returns with its data. */
export async function launchTemporal(
  home: Home,
  [port = 0, ui, http = 0, metrics = 0]: readonly number[],
  attributes = searchAttributes,
  dynamicConfig: readonly string[] = [],
): Promise<TemporalAddress> {
  const found = { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${ui}` }
  const settings = [...always, ...dynamicConfig]
  if (isTemporalServerWanted()) {
    const options = { port, http, metrics, searchAttributes: attributes, dynamicConfig: settings }
    await launchTemporalServer(home, options)
    return found
  }
  await launch(home, {
    name: 'temporal',
    binary: await home.tool('temporal'),
    args: [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--ui-port=${ui}`,
      `--http-port=${http}`,
      `--metrics-port=${metrics}`,
      `--db-filename=${join(home.folder('temporal'), 'temporal.db')}`,
      // As etcd does: it never waits for the disk, since nobody needs a stack after a crash of the machine.
      '--sqlite-pragma=synchronous=OFF',
      '--log-level=warn',
      ...settings.map((value) => `--dynamic-config-value=${value}`),
      ...Object.entries(attributes).map(([name, type]) => `--search-attribute=${name}=${type}`),
    ],
    address: found.address,
    ready: () => knows(`http://127.0.0.1:${http}`, attributes),
  })
  return found
}

/** The namespace comes before its search attributes, and a workflow that sets one too early fails. */
async function knows(url: string, attributes: Readonly<Record<string, string>>): Promise<boolean> {
  const namespace = await fetch(`${url}/api/v1/namespaces/default`)
  if (!namespace.ok) return false
  const answer = await fetch(`${url}/api/v1/namespaces/default/search-attributes`)
  if (!answer.ok) return false
  const { customAttributes } = (await answer.json()) as { customAttributes?: Record<string, unknown> }
  return Object.keys(attributes).every((name) => customAttributes?.[name] !== undefined)
}
