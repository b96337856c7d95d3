import { beforeAll, describe, expect, it } from 'vitest'
import { isTerminal } from '../../../velero/phases.ts'
import { phaseScenarios } from '../../kit/velero/phase-scenarios.ts'
import { playScenarios } from '../../kit/velero/play-scenarios.ts'
import { freshCluster } from '../../kit/stack.ts'
import { startVeleroServer } from '../../kit/velero/velero-server.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { watchPhases } from '../../kit/velero/watch-phases.ts'
import type { PhaseWatch } from '../../kit/velero/watch-phases.ts'

/** Velero cannot be told to stop. */
const scenarios = phaseScenarios.filter(({ cancelIn }) => cancelIn === undefined)

/** What the scenarios expect of Drydock, held against the real controllers: so their order is Velero's own. */
describe('the phases of a restore that Velero’s own controllers carry out', () => {
  let watch: PhaseWatch

  beforeAll(async () => {
    const cluster = await freshCluster({ backups: [] })
    await startVeleroServer(cluster, ['--features=EnableCSI', '--item-operation-sync-frequency=1s'])
    watch = await watchPhases(cluster)
    await playScenarios(cluster, watch, scenarios)
  })

  it.each(scenarios)('$shows', async ({ name, phases }) => {
    const isOver = () => isTerminal(watch.phasesOf(name).at(-1))
    await waitUntil(isOver, 120_000, `${name} to be over`).catch(() => undefined)
    expect(watch.phasesOf(name)).toEqual(phases)
  })
})
