import { InvalidArgumentError, Option } from 'commander'
import { ClientError, exitCodes } from '../api/errors.ts'

/**
 * Options that every command of `velero` has and that Drydock names otherwise or has no use for. The help does not show them.
 * Source: pkg/client/factory.go, pkg/cmd/velero/velero.go.
 */
export function veleroOptions(): Option[] {
  return [
    new Option('--kubecontext <name>', 'the same as --context'),
    new Option('-v, --v <level>', 'from 1 on the same as --verbose').argParser(parseLevel),
    new Option('--features <list>', "features of Velero's server; the commands for restores have none"),
    new Option('--colorized [bool]', 'the output has no colours'),
    ...loggingOptions.map((flags) => new Option(flags, "an option of Velero's logging").argParser(() => refuse(flags))),
  ].map((option) => option.hideHelp())
}

/** Options of the Go library klog. */
const loggingOptions = [
  '--add_dir_header',
  '--alsologtostderr',
  '--alsologtostderrthreshold <severity>',
  '--legacy_stderr_threshold_behavior',
  '--log_backtrace_at <place>',
  '--log_dir <folder>',
  '--log_file <file>',
  '--log_file_max_size <megabytes>',
  '--logtostderr',
  '--one_output',
  '--skip_headers',
  '--skip_log_headers',
  '--stderrthreshold <severity>',
  '--vmodule <list>',
]

function refuse(flags: string): never {
  const [name = flags] = flags.split(' ')
  throw new ClientError(
    exitCodes.usage,
    `${name} is an option of Velero's logging: leave it out; --verbose writes log lines to standard error`,
  )
}

function parseLevel(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 0 or greater.')
}
