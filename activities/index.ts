import { admitRestore } from './admit/admit-restore.ts'
import { putBackPhase } from './admit/put-back-phase.ts'
import { noteCancel, notePause, readLevels } from './admit/restore-levels.ts'
import { concludeRestore } from './conclude/conclude-restore.ts'
import { writeReport } from './conclude/write-report.ts'
import { awaitLastWrites, reportProgress, requestCancel } from './conclude/write-status.ts'
import { setPhase, tellLateResults } from './conclude/write-status.ts'
import { beginDeletion, deleteBackupFiles, deleteRestoresOf, endDeletion } from './deletion/delete-backup.ts'
import { runDeleteActions } from './deletion/delete-items.ts'
import { deleteSnapshots } from './deletion/delete-snapshots.ts'
import { deleteFiles, endRun, releaseRestore } from './deletion/delete-restore.ts'
import { chooseDrillBackup } from './drill/choose-backup.ts'
import { ownDrillVolumes } from './drill/drill-volumes.ts'
import { keepDrillReport, removeDrillRestore } from './drill/end-restore.ts'
import { recordDrill, tellDrill } from './drill/record-drill.ts'
import { makeScratch, removeScratch } from './drill/scratch.ts'
import { lookForExisting } from './existing/look-for-existing.ts'
import { removeLeftovers } from './finalize/clean-up.ts'
import { finalizeRestore, listFinalizeTasks } from './finalize/finalize-restore.ts'
import { createSessions } from './frame/session.ts'
import type { WorkerParts } from './frame/session.ts'
import { runHooks } from './hooks/run-hooks.ts'
import { createItemLimit, createPoliteLimit } from './items/item-limit.ts'
import type { ItemLimits } from './items/side-by-side.ts'
import { restoreChunk } from './items/restore-chunk.ts'
import { awaitNamespace } from './items/target-namespaces.ts'
import { findClosed, findHolders } from './locks/find-holders.ts'
import { requestLocks, tellWait } from './locks/request-locks.ts'
import { notify, tellNotDelivered } from './notify/notify.ts'
import { cancelOperations } from './operations/node-agent-orders.ts'
import { pollOperations } from './operations/poll-operations.ts'
import { planRestore } from './plan/plan-restore.ts'
import type { Ports } from './ports.ts'
import { awaitRequested, cancelRequested, createRequested } from './request/request-restore.ts'
import type { Settings } from './settings.ts'
import { admitUndo } from './undo/admit-undo.ts'
import { awaitCustom } from './undo/await-custom.ts'
import { endUndo } from './undo/end-undo.ts'
import { planUndo } from './undo/plan-undo.ts'
import { undoChunk } from './undo/undo-chunk.ts'
import { awaitPodVolumes } from './volumes/await-pod-volumes.ts'

/** All activities of a worker, over its ports, in the order of the story. */
export function createActivities(ports: Ports, settings: Settings) {
  const parts: WorkerParts = { ports, settings, sessions: createSessions(ports, settings.restoresMax) }
  const itemLimits = itemLimitsOf(parts)
  return {
    admitRestore: admitRestore(parts),
    putBackPhase: putBackPhase(ports),
    readLevels: readLevels(ports),
    notePause: notePause(ports),
    noteCancel: noteCancel(ports),
    planRestore: planRestore(parts),
    requestLocks: requestLocks(parts),
    tellWait: tellWait(ports),
    findHolders: findHolders(parts),
    findClosed: findClosed(ports),
    lookForExisting: lookForExisting(parts),
    restoreChunk: restoreChunk({ ...parts, itemLimits }),
    awaitNamespace: awaitNamespace(parts),
    reportProgress: reportProgress(ports),
    runHooks: runHooks(parts),
    awaitPodVolumes: awaitPodVolumes(parts),
    pollOperations: pollOperations(parts),
    awaitLastWrites: awaitLastWrites(ports),
    cancelOperations: cancelOperations(parts),
    removeLeftovers: removeLeftovers(parts),
    listFinalizeTasks: listFinalizeTasks(parts),
    finalizeRestore: finalizeRestore(parts),
    concludeRestore: concludeRestore(parts),
    setPhase: setPhase(ports),
    writeReport: writeReport(parts),
    tellLateResults: tellLateResults(ports),
    requestCancel: requestCancel(ports),
    notify: notify(parts),
    tellNotDelivered: tellNotDelivered(ports),
    endRun: endRun(ports),
    deleteFiles: deleteFiles(parts),
    releaseRestore: releaseRestore(ports),
    beginDeletion: beginDeletion(ports),
    runDeleteActions: runDeleteActions(ports),
    deleteSnapshots: deleteSnapshots(ports),
    deleteBackupFiles: deleteBackupFiles(ports),
    deleteRestoresOf: deleteRestoresOf(ports),
    endDeletion: endDeletion(ports),
    admitUndo: admitUndo(parts),
    planUndo: planUndo({ ...parts, itemLimits }),
    undoChunk: undoChunk({ ...parts, itemLimits }),
    awaitCustom: awaitCustom(parts),
    endUndo: endUndo(parts),
    createRequested: createRequested(ports, settings),
    awaitRequested: awaitRequested(ports),
    cancelRequested: cancelRequested(ports),
    chooseDrillBackup: chooseDrillBackup(ports, settings),
    makeScratch: makeScratch(ports),
    keepDrillReport: keepDrillReport(ports),
    removeDrillRestore: removeDrillRestore(ports),
    ownDrillVolumes: ownDrillVolumes(ports),
    removeScratch: removeScratch(ports),
    tellDrill: tellDrill(ports, settings),
    recordDrill: recordDrill(ports),
  }
}

/** The places for items that all restores of a worker share. */
function itemLimitsOf({ ports: { clock, cluster }, settings: { itemsInFlightMax: max } }: WorkerParts): ItemLimits {
  const all = createItemLimit(max, { clock, cluster })
  return { all, polite: createPoliteLimit(all, { max, clock, cluster }) }
}

/** What workflows call. */
export type Activities = ReturnType<typeof createActivities>
