import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { drydockVeleroFlags } from '../../../devstack/services/velero.ts'
import { isTerminal, restorePhases } from '../../../velero/phases.ts'
import type { Result } from '../../../velero/results.ts'
import { countMessages } from '../../../velero/results.ts'
import { phaseScenarios } from '../../kit/velero/phase-scenarios.ts'
import { playScenarios } from '../../kit/velero/play-scenarios.ts'
import { readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { eventsOf } from '../../kit/velero/velero-objects.ts'
import { velero } from '../../kit/velero/velero-cli.ts'
import { startVeleroServer } from '../../kit/velero/velero-server.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { watchPhases } from '../../kit/velero/watch-phases.ts'
import type { PhaseWatch } from '../../kit/velero/watch-phases.ts'
import { startWorker } from '../../kit/worker.ts'

const patience = 120_000

/** The arrows of Velero's diagram of phases, and the three by which Drydock cancels. */
const arrows = [
  '→ FailedValidation',
  '→ InProgress',
  'New → InProgress',
  'InProgress → WaitingForPluginOperations',
  'InProgress → WaitingForPluginOperationsPartiallyFailed',
  'InProgress → Finalizing',
  'InProgress → FinalizingPartiallyFailed',
  'InProgress → Failed',
  'WaitingForPluginOperations → WaitingForPluginOperationsPartiallyFailed',
  'WaitingForPluginOperations → Finalizing',
  'WaitingForPluginOperations → FinalizingPartiallyFailed',
  'WaitingForPluginOperations → Failed',
  'WaitingForPluginOperationsPartiallyFailed → FinalizingPartiallyFailed',
  'Finalizing → Completed',
  'Finalizing → PartiallyFailed',
  'Finalizing → Failed',
  'FinalizingPartiallyFailed → PartiallyFailed',
]

describe('the phases of a restore that `velero` creates beside a Velero server', () => {
  let cluster: TestCluster
  let watch: PhaseWatch

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    await startVeleroServer(cluster, drydockVeleroFlags)
    await startWorker(cluster, {
      DRYDOCK_WITHOUT_VELERO: 'present',
      DRYDOCK_FEATURES: 'EnableCSI',
      DRYDOCK_ITEM_OPERATION_SYNC: '1s',
    })
    watch = await watchPhases(cluster)
    await playScenarios(cluster, watch, phaseScenarios)
  })

  const isOver = (name: string) => isTerminal(watch.phasesOf(name).at(-1))
  const last = (name: string) => watch.statesOf(name).at(-1) ?? {}

  describe.each(phaseScenarios)('$shows', ({ name, phases, warnings = 0, errors = 0, failureReason }) => {
    const end = phases.at(-1)

    it('by the watch', async () => {
      await waitUntil(() => isOver(name), patience, `${name} to be over`).catch(() => undefined)
      expect(watch.phasesOf(name)).toEqual(phases)
      if (failureReason === undefined) expect(last(name).failureReason).toBeUndefined()
      else expect(last(name).failureReason).toMatch(failureReason)
    })

    it('with times that tell when it began and ended', () => {
      const begun = phases.includes('InProgress')
      for (const { phase = '', startTimestamp, completionTimestamp } of watch.statesOf(name)) {
        expect(startTimestamp !== undefined, phase).toBe(begun && phase !== '' && phase !== 'New')
        expect(completionTimestamp !== undefined, phase).toBe(begun && phase === end)
      }
    })

    it('with the counts that its results file has', async () => {
      const { results } = await readResultFiles(cluster, name)
      expect(results === undefined).toBe(end === 'FailedValidation')
      expect({ warnings: last(name).warnings ?? 0, errors: last(name).errors ?? 0 }).toEqual({ warnings, errors })
      expect(countMessages(results?.warnings ?? {})).toBe(warnings)
      expect(countMessages(results?.errors ?? {})).toBe(errors)
    })

    it('by an Event for each phase', async () => {
      const known: readonly string[] = restorePhases
      const told = async () =>
        (await eventsOf(cluster, name))
          .filter(({ reason }) => known.includes(reason))
          .map(({ type, reason }) => [type, reason])
      const expected = phases.slice(1).map((phase) => [phase.includes('Failed') ? 'Warning' : 'Normal', phase])
      await expect.poll(told, { timeout: 120_000 }).toEqual(expected)
    })

    it('by `velero restore get` and `describe --details`', async () => {
      const listed = await velero(cluster, 'restore', 'get', name)
      const row = new RegExp(`^${name} +${name} +${end} +.* +${errors} +${warnings} +20\\d\\d-\\S+ `, 'm')
      expect(listed.stdout, listed.stderr).toMatch(row)
      const described = await velero(cluster, 'restore', 'describe', name, '--details', '--colorized=false')
      expect(described.stdout, described.stderr).toMatch(new RegExp(`^Phase: +${end}( \\(run|$)`, 'm'))
      expect(described.stdout).not.toContain('<error')
      const { results } = await readResultFiles(cluster, name)
      const messages = [results?.errors ?? {}, results?.warnings ?? {}].flatMap(messagesOf)
      for (const message of messages) expect(described.stdout).toContain(message)
    })
  })

  it('a terminal phase is followed by nothing', async () => {
    await sleep(5000)
    for (const { name } of phaseScenarios) {
      const states = watch.statesOf(name)
      const ended = states.findIndex(({ phase }) => isTerminal(phase))
      expect(ended, name).toBeGreaterThan(0)
      for (const later of states.slice(ended + 1)) expect(later, name).toEqual(states[ended])
    }
  })

  it('together they go each arrow of the diagram, and no other', () => {
    const seen = phaseScenarios.flatMap(({ name }) =>
      watch
        .phasesOf(name)
        .map((phase, at, all) => (at === 0 ? '' : `${all[at - 1]} → ${phase}`.trim()))
        .filter((arrow) => arrow !== ''),
    )
    expect([...new Set(seen)].sort()).toEqual([...arrows].sort())
  })
})

const messagesOf = ({ velero: own = [], cluster = [], namespaces = {} }: Result): string[] => [
  ...own,
  ...cluster,
  ...Object.values(namespaces).flat(),
]
