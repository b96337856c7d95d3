import type { Command } from 'commander'
import type { Check } from '../../../core/doctor/check.ts'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { contextOf, isVerbose, printResult } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

const examples = `
Examples:
  drydock doctor
  drydock doctor -n velero -o json | jq -r '.checks[] | select(.verdict == "finding").says'

It changes nothing. The exit code is 0, or 1 where there is a finding. It sees what this user and this machine can see:
run it in a worker's pod to see what a worker sees.`

/** Adds `doctor`. */
export function addDoctor(program: Command, run: RunCommand): void {
  const command = program
    .command('doctor')
    .description('check Temporal, the cluster, Velero, the buckets and the workers, and say what to mend')
    .addHelpText('after', examples)
    .action(() => run((io) => doctor(io, command.optsWithGlobals<GlobalOptions>())))
}

async function doctor(io: Io, options: GlobalOptions): Promise<ExitCode> {
  const verbose = isVerbose(options) ? (line: string) => void io.err.write(`${line}\n`) : undefined
  const { diagnose } = await import('../../api/doctor/diagnose.ts')
  const checks = await diagnose({ ...options, context: contextOf(options), verbose }, io.env)
  const findings = checks.filter(({ verdict }) => verdict === 'finding').length
  printResult(io, options.output, { findings, checks }, () => renderChecks(checks, findings))
  return findings === 0 ? exitCodes.ok : exitCodes.error
}

const marks: Readonly<Record<Check['verdict'], string>> = { ok: 'ok  ', note: 'note', finding: 'FIX ' }

/** A line for each check, with what to do under each finding. */
export function renderChecks(checks: readonly Check[], findings: number): string {
  const width = Math.max(...checks.map(({ subject }) => subject.length))
  const lines = checks.flatMap(({ subject, verdict, says, todo }) => [
    `${marks[verdict]}  ${subject.padEnd(width)}  ${says}`,
    ...(todo === undefined ? [] : [`${' '.repeat(width + 8)}-> ${todo}`]),
  ])
  const sum = findings === 0 ? 'Nothing to mend' : `${findings} to mend`
  return [...lines, '', sum].join('\n')
}
