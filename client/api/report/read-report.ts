import { reportFactsOfFiles, reportedRestore } from '../../../core/report/report-facts.ts'
import { reportInPieces } from '../../../core/report/render-report.ts'
import { undoStateOf } from '../../../core/undo/undo-state.ts'
import { restoreResultsKey, restoreUndoReportKey } from '../../../velero/object-keys.ts'
import type { Restore } from '../../../velero/restore.ts'
import type { ResourceList } from '../../../velero/results.ts'
import type { Connections } from '../connections.ts'
import { parseResults } from '../describe-restore.ts'
import { ClientError, exitCodes } from '../errors.ts'
import type { ReadOptions } from '../options.ts'
import { readPage, readReportFile, readResultFile } from '../read-result-file.ts'
import { notWritten } from '../restore-handle.ts'

/**
 * The report of a restore as an HTML page: the one that a worker has written, else one of its result files. Throws a `ClientError`
 * where its items are not restored yet.
 */
export async function reportOf(connections: Connections, restore: Restore, options: ReadOptions): Promise<string> {
  const written = await readReportFile(connections, restore, options)
  if (written !== undefined) return written
  const { name } = restore.metadata
  const results = await readResultFile(connections, restore, 'RestoreResults', options)
  const list = await readResultFile(connections, restore, 'RestoreResourceList', options)
  if (results === undefined || list === undefined) throw notWritten(restore)
  const facts = reportFactsOfFiles(
    reportedRestore(restore, new Date().toISOString()),
    JSON.parse(list) as ResourceList,
    parseResults(results, restoreResultsKey(name)),
  )
  return [...reportInPieces(facts)].join('')
}

/** The report of the undo of a restore, as an HTML page. Throws `NOT_WRITTEN` where nobody has undone it, or the undo has not ended. */
export async function undoReportOf(connections: Connections, restore: Restore, options: ReadOptions): Promise<string> {
  const { name } = restore.metadata
  const state = undoStateOf(restore)?.state
  const why =
    state === undefined
      ? `Restore "${name}" was not undone`
      : state === 'begun'
        ? `the undo of restore "${name}" has not ended`
        : undefined
  const page =
    why === undefined ? await readPage(connections, restore, { key: restoreUndoReportKey(name), options }) : undefined
  if (page !== undefined) return page
  const problem = why ?? `the undo of restore "${name}" has no report in the backup location`
  throw new ClientError(exitCodes.error, problem, { code: 'NOT_WRITTEN' })
}
