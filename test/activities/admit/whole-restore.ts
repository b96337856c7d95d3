import { isWait } from '../../../contract/look.ts'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createActivities } from '../../../activities/index.ts'
import type { Activities } from '../../../activities/index.ts'
import type { AdmittedRef } from '../../../contract/restore-workflow.ts'
import type { Settings } from '../../../activities/settings.ts'
import { nextPhase } from '../../../core/results/restore-status.ts'
import type { Restore } from '../../../velero/restore.ts'
import type { Around, PortCall } from '../../ports/calls.ts'
import type { World } from '../../ports/world.ts'
import { ref, restoreAt, settings } from '../crash/restore-in-memory.ts'

/** How a run goes. */
export interface RunOfRestore {
  /** Stands between the activities and the world. */
  around?: Around
  /** The waves that are restored before the restore is cancelled; all of them, and the rest of the story, without it. */
  cancelledAfter?: number
  settings?: Partial<Settings>
}

/** What a run did. */
export interface RanRestore {
  admission: Awaited<ReturnType<Activities['admitRestore']>>
  /** Calls that change something: `create configmaps/shop/a`. */
  writes: string[]
  restore: Restore
}

let runs = 0

/** Runs a restore as its workflow does, from the admission to its end, by one worker and in simulated time. */
export async function runRestore(world: World, options: RunOfRestore = {}): Promise<RanRestore> {
  const writes: string[] = []
  const outer = options.around ?? ((_call, run) => run())
  const process = world.startProcess((call, run) => {
    if (isWrite(call)) writes.push(`${call.name} ${call.on}`)
    return outer(call, run)
  })
  const activities = createActivities(process.ports, { ...settings, ...options.settings })
  const runId = `run-${++runs}`
  const once = (activityType: string, input: unknown, attempt: number) => {
    const environment = new MockActivityEnvironment(
      { attempt, activityId: '1', activityType, workflowExecution: { workflowId: 'again', runId } },
      { client: process.temporal, logger: new DefaultLogger('ERROR') },
    )
    return environment.run(activities[activityType as keyof Activities] as never, input as never)
  }
  const act: Act = async (name, input) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await once(name, input, attempt)) as never
      } catch (thrown) {
        if (!(thrown instanceof ApplicationFailure) || thrown.nonRetryable === true || attempt === attemptsMax)
          throw thrown
        await world.clock.sleep(typeof thrown.nextRetryDelay === 'number' ? thrown.nextRetryDelay : 500)
      }
    }
  }
  const story = async () => {
    const { cluster, ...asked } = ref
    const { location: _location, ...plain } = { ...asked, cluster }
    const admission = await act('admitRestore', { ref: plain })
    if (isWait(admission)) throw new Error(`it waits for ${admission.waitingFor}`)
    if (admission.do === 'restore') await tell(act, admission, options).catch((thrown: unknown) => fail(act, thrown))
    return admission
  }
  const admission = await world.clock.run(story())
  return { admission, writes, restore: world.cluster.look(restoreAt) as unknown as Restore }
}

type Act = <Name extends keyof Activities>(
  name: Name,
  input: Parameters<Activities[Name]>[0],
) => Promise<Awaited<ReturnType<Activities[Name]>>>

const attemptsMax = 200

async function tell(
  act: Act,
  { run, resumed }: { run?: number; resumed: boolean },
  { cancelledAfter }: RunOfRestore,
): Promise<void> {
  const mine: AdmittedRef = { ...ref, ...(run === undefined ? {} : { run }) }
  const plan = await act('planRestore', { ref: mine })
  const waves = plan.waves.entries().filter(([index]) => index < (cancelledAfter ?? plan.waves.length))
  for (const [wave, { chunks }] of waves)
    for (const chunk of chunks.keys()) await act('restoreChunk', { ref: mine, wave, chunk, resumed })
  if (cancelledAfter !== undefined) {
    await act('cancelOperations', { ref: mine, because: 'called off: the restore has ended' })
    await act('concludeRestore', { ref: mine, complete: false })
    await act('setPhase', { ref: mine, phase: 'Failed', failureReason: 'cancelled: enough', fence: true })
    return
  }
  const hooks = act('runHooks', { ref: mine, follows: resumed })
  const pods = plan.waves.flatMap(({ groupResource }, index) => (groupResource === 'pods' ? [index] : []))
  await act('awaitPodVolumes', { ref: mine, waves: pods })
  const { errors } = await act('concludeRestore', { ref: mine, complete: true })
  await act('pollOperations', { ref: mine, until: 'end', failed: 0 })
  await act('setPhase', { ref: mine, phase: nextPhase('finalizing', errors) })
  const { tasks } = await act('listFinalizeTasks', { ref: mine })
  let hookStatus = {}
  for (const { name, deadlineSeconds } of tasks) {
    const report = await act('finalizeRestore', { ref: mine, task: name, deadlineSeconds })
    if ('messages' in report) hookStatus = report.hookStatus ?? hookStatus
  }
  await hooks
  const last = await act('concludeRestore', { ref: mine, complete: true })
  await act('setPhase', {
    ref: mine,
    phase: nextPhase('done', last.errors),
    warnings: last.warnings,
    errors: last.errors,
    hookStatus,
  })
}

async function fail(act: Act, thrown: unknown): Promise<void> {
  if (!(thrown instanceof ApplicationFailure)) throw thrown
  await act('setPhase', { ref, phase: 'Failed', failureReason: thrown.message, fence: true })
}

/** Writes of restored objects and their orders: not of the Restore, and not of Events. */
function isWrite({ port, name, on }: PortCall): boolean {
  const isRead = ['get', 'list', 'discover'].includes(name)
  return port === 'cluster' && !isRead && !on.startsWith('restores.velero.io') && !on.startsWith('events.')
}
