import { writeFileSync } from 'node:fs'
import { listDrills, requireDrill } from '../../../api/drill/drills.ts'
import { readDrillRecords, readDrillReport } from '../../../api/drill/read-records.ts'
import { awaitDrill, runDrill } from '../../../api/drill/run-drill.ts'
import { webUiLink } from '../../../api/connections.ts'
import { ClientError, exitCodes, messageOf } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import { drillTable, renderDrill } from '../../../show/render-drills.ts'
import { printResult, withConnections } from '../../command.ts'
import type { GlobalOptions, Io } from '../../command.ts'

/** Results that are shown of a drill. */
const shownMax = 10

/** `drydock drill list`. */
export async function list(io: Io, options: GlobalOptions): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const drills = await listDrills(connections)
    const width = io.out.isTTY === true ? io.out.columns : undefined
    printResult(io, options.output, { drills }, () =>
      drills.length === 0
        ? `There is no drill of Velero namespace ${connections.namespace}`
        : drillTable(drills, width),
    )
    return exitCodes.ok
  })
}

/** `drydock drill describe`. */
export async function describe(io: Io, options: GlobalOptions & { report?: string }, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const { summary, running } = await requireDrill(connections, name)
    const results = await readDrillRecords(connections, name, shownMax)
    if (options.report !== undefined) {
      const last = results.records.find(({ report }) => report !== undefined)
      if (last === undefined) throw new ClientError(exitCodes.notFound, `no run of drill "${name}" has a report`)
      writePage(options.report, await readDrillReport(connections, last))
    }
    const value = { ...summary, running, results: results.records, problems: results.problems }
    printResult(io, options.output, value, () => renderDrill(summary, results, running))
    return exitCodes.ok
  })
}

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page)
  } catch (thrown) {
    throw new ClientError(exitCodes.error, `the report cannot be written to ${file}: ${messageOf(thrown)}`)
  }
}

/** `drydock drill run`. With `--wait` a drill that failed has the exit code of a restore that failed. */
export async function begin(io: Io, options: GlobalOptions & { wait?: boolean }, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const workflowId = await runDrill(connections, name)
    const { output, wait = false } = options
    if (!wait || output === 'table') {
      const url = webUiLink(io.env, await connections.temporal(), workflowId)
      printResult(io, output, { name, workflowId, ...(url === undefined ? {} : { url }) }, () =>
        [`Drill "${name}" has begun: workflow ${workflowId}`, ...(url === undefined ? [] : [url])].join('\n'),
      )
    }
    if (!wait) return exitCodes.ok
    const record = await awaitDrill(connections, workflowId)
    printResult(io, output, record, () => `${record.ok ? 'Succeeded' : 'Failed'}: ${record.sentence}`)
    return record.ok ? exitCodes.ok : exitCodes.failed
  })
}

/** `drydock drill pause`. */
export async function pause(io: Io, options: GlobalOptions & { reason?: string }, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const { handle } = await requireDrill(connections, name)
    await handle.pause(options.reason ?? 'by drydock drill pause')
    printResult(io, options.output, { name, paused: true }, () => `Drill "${name}" is paused; one that runs goes on`)
    return exitCodes.ok
  })
}

/** `drydock drill resume`. */
export async function resume(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const { handle } = await requireDrill(connections, name)
    await handle.unpause('by drydock drill resume')
    printResult(io, options.output, { name, paused: false }, () => `Drill "${name}" begins again at its next time`)
    return exitCodes.ok
  })
}

/** `drydock drill delete`. */
export async function remove(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const { handle, running } = await requireDrill(connections, name)
    await handle.delete()
    const rest = running.length === 0 ? '' : '; the one that runs goes on to its end, and removes what it made'
    printResult(io, options.output, { name, deleted: true }, () => `Drill "${name}" is deleted${rest}`)
    return exitCodes.ok
  })
}
