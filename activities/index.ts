import { admitRestore } from './admit-restore.ts'
import { awaitNamespace } from './await-namespace.ts'
import { concludeRestore } from './conclude-restore.ts'
import { finalizeRestore } from './finalize-restore.ts'
import { createGate } from './gate.ts'
import { planRestore } from './plan-restore.ts'
import type { Ports } from './ports.ts'
import { reportProgress } from './report-progress.ts'
import { requestCancel } from './request-cancel.ts'
import { restoreChunk } from './restore-chunk.ts'
import { createSessions } from './session.ts'
import { setPhase } from './set-phase.ts'
import type { Settings } from './settings.ts'

/** All activities of a worker, over its ports. */
export function createActivities(ports: Ports, settings: Settings) {
  const sessions = createSessions(ports)
  const gate = createGate(settings.itemsInFlightMax)
  return {
    admitRestore: admitRestore({ ports, sessions, settings }),
    planRestore: planRestore({ ports, sessions, settings }),
    restoreChunk: restoreChunk({ ports, sessions, settings, gate }),
    awaitNamespace: awaitNamespace(ports, settings),
    finalizeRestore: finalizeRestore({ ports, sessions, settings }),
    concludeRestore: concludeRestore({ ...ports, sessions }),
    setPhase: setPhase(ports),
    reportProgress: reportProgress(ports),
    requestCancel,
  }
}

/** What workflows call. */
export type Activities = ReturnType<typeof createActivities>
