import { Agent, request } from 'undici'
import type { RestorePhase } from '../../../velero/phases.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'
import { whenFileIsOver } from '../run/clean-up.ts'
import { withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'

/** A phase as it stands on a Restore; empty before anybody has begun. */
export type SeenPhase = RestorePhase | ''

/** What Restores went through, as the API server told it. */
export interface PhaseWatch {
  /** The status after each write to this Restore, from its creation on. */
  statesOf(name: string): readonly RestoreStatus[]
  /** Its phases in their order, each as often as it was entered. */
  phasesOf(name: string): SeenPhase[]
}

interface WatchEvent {
  type: string
  object: Restore
}

/**
 * Watches all Restores of the cluster from now until the test file is over. It is one watch that is never begun anew, so
 * that each write is seen, however soon the next one follows; one that breaks makes whoever asks it fail.
 */
export async function watchPhases(cluster: TestCluster): Promise<PhaseWatch> {
  const states = new Map<string, RestoreStatus[]>()
  const path = `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/restores`
  const list = await withAdmin(cluster, async (admin) => (await admin.must('GET', path)).body)
  const from = (list as { metadata: { resourceVersion: string } }).metadata.resourceVersion
  const dispatcher = new Agent({ connect: { ca: cluster.kubeCa }, bodyTimeout: 0 })
  const { body, statusCode } = await request(`${cluster.kubeUrl}${path}?watch=true&resourceVersion=${from}`, {
    dispatcher,
    headers: { authorization: `Bearer ${cluster.tokens.admin}`, accept: 'application/json' },
  })
  if (statusCode !== 200) throw new Error(`the watch is refused: ${statusCode} ${await body.text()}`)
  let broken: string | undefined
  void readEvents(body, ({ type, object }) => {
    const { name } = object.metadata
    if (type === 'ADDED') states.set(name, [object.status ?? {}])
    else if (type === 'MODIFIED' && states.has(name)) states.get(name)?.push(object.status ?? {})
    else if (type !== 'DELETED') broken ??= `it told ${type} of ${name}`
  }).then(
    () => (broken ??= 'the server ended it'),
    (error: unknown) => (broken ??= String(error)),
  )
  whenFileIsOver(() => dispatcher.destroy())
  const statesOf = (name: string) => {
    if (broken !== undefined) throw new Error(`the watch is broken: ${broken}`)
    return states.get(name) ?? []
  }
  return {
    statesOf,
    phasesOf: (name) =>
      statesOf(name)
        .map(({ phase }) => phase ?? '')
        .filter((phase, at, all) => at === 0 || phase !== all[at - 1]),
  }
}

/** One event a line. */
async function readEvents(body: AsyncIterable<Buffer>, tell: (event: WatchEvent) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) tell(JSON.parse(line) as WatchEvent)
  }
}
