import { admitRestore } from './admit/admit-restore.ts'
import { awaitNamespace } from './items/target-namespaces.ts'
import { concludeRestore } from './conclude/conclude-restore.ts'
import { deleteFiles } from './deletion/delete-restore.ts'
import { endRun } from './deletion/end-run.ts'
import { releaseRestore } from './deletion/release-restore.ts'
import { findClosed } from './locks/find-closed.ts'
import { findHolders } from './locks/find-holders.ts'
import { requestLocks } from './locks/request-locks.ts'
import { tellWait } from './locks/tell-wait.ts'
import { runHooks } from './hooks/run-hooks.ts'
import { finalizeRestore, listFinalizeTasks } from './finalize/finalize-restore.ts'
import { createGate } from './frame/gate.ts'
import { cancelOperations } from './operations/cancel-operations.ts'
import { pollOperations } from './operations/poll-operations.ts'
import { planRestore } from './plan/plan-restore.ts'
import { tellLateResults } from './conclude/tell-late-results.ts'
import type { Ports } from './ports.ts'
import { reportProgress } from './items/report-progress.ts'
import { requestCancel } from './conclude/request-cancel.ts'
import { restoreChunk } from './items/restore-chunk.ts'
import { createSessions } from './frame/session.ts'
import { setPhase } from './conclude/restore-status.ts'
import { awaitPodVolumes } from './volumes/await-pod-volumes.ts'
import { putBackPhase } from './admit/put-back-phase.ts'
import type { Settings } from './settings.ts'

/** All activities of a worker, over its ports. */
export function createActivities(ports: Ports, settings: Settings) {
  const sessions = createSessions(ports)
  const gate = createGate(settings.itemsInFlightMax)
  return {
    admitRestore: admitRestore({ ports, sessions, settings }),
    planRestore: planRestore({ ports, sessions, settings }),
    requestLocks: requestLocks({ ports, sessions, settings }),
    findClosed: findClosed(ports),
    findHolders: findHolders({ ports, sessions, settings }),
    tellWait: tellWait(ports),
    restoreChunk: restoreChunk({ ports, sessions, settings, gate }),
    awaitNamespace: awaitNamespace(ports, settings),
    awaitPodVolumes: awaitPodVolumes({ ports, sessions, settings }),
    pollOperations: pollOperations({ ports, sessions, settings }),
    cancelOperations: cancelOperations({ ports, sessions }),
    listFinalizeTasks: listFinalizeTasks({ ports, sessions, settings }),
    finalizeRestore: finalizeRestore({ ports, sessions, settings }),
    runHooks: runHooks({ ports, sessions }),
    concludeRestore: concludeRestore({ ...ports, sessions }),
    tellLateResults: tellLateResults(ports),
    setPhase: setPhase(ports),
    reportProgress: reportProgress(ports),
    requestCancel,
    putBackPhase: putBackPhase(ports),
    endRun: endRun(ports),
    deleteFiles: deleteFiles({ ports, sessions, settings }),
    releaseRestore: releaseRestore(ports),
  }
}

/** What workflows call. */
export type Activities = ReturnType<typeof createActivities>
