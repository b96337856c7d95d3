import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { renderTable } from '../client/show/render-table.ts'
import { isRunning } from './processes/process-mark.ts'
import { extraServices } from './services/extra-services.ts'
import { startStack } from './stack.ts'
import type { ExtraService, Stack } from './stack-types.ts'
import { isUp, readState } from './state.ts'
import type { StackState } from './state.ts'
import { stopStack } from './stop-stack.ts'
import { ToolUnavailable } from './tools/obtain-tool.ts'

/** `npm run stack -- …`: the real servers that Drydock needs, on a developer's machine. */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('stack')
    .description('Starts and stops the servers that Drydock runs against: Temporal, etcd, kube-apiserver, S3.')
    .addOption(
      new Option('--dir <folder>', 'where the stack keeps everything')
        .env('DRYDOCK_STACK_DIR')
        .default(fileURLToPath(new URL('../.stack', import.meta.url)), '.stack'),
    )
    .addHelpText('after', exitCodes)
  const dirOf = (): string => resolve(program.opts<{ dir: string }>().dir)
  program
    .command('up')
    .description('starts the stack; does nothing if it is up')
    .option('--audit', 'keep an audit log of the API server')
    .addOption(new Option('--with <service...>', 'start these as well').choices(extraServices))
    .addOption(
      new Option('--backups <name...>', 'recorded backups to upload')
        .choices(recordedBackups())
        .default(recordedBackups(), 'all'),
    )
    .option('--velero-flags <flags>', "flags of Velero's server, separated by blanks")
    .action((options: UpOptions) => up(dirOf(), options))
  program
    .command('down')
    .description('ends every process and removes the folder')
    .action(() => stopStack(dirOf()))
  program
    .command('status')
    .description('shows each server')
    .action(() => status(dirOf()))
  program
    .command('env')
    .description('prints what to export; use as: eval "$(npm run -s stack -- env)"')
    .action(() => env(dirOf()))
  program
    .command('logs')
    .argument('[service]', 'one service; all if absent')
    .option('-f, --follow', 'follow the logs')
    .description('shows the last lines of the logs')
    .action((service: string | undefined, options: { follow?: boolean }) =>
      logs(dirOf(), service, options.follow === true),
    )
  await program.parseAsync([...argv], { from: 'user' })
}

const exitCodes = `
Exit codes:
  0    done; for status: every server is up
  1    failed, with the reason on standard error; also a wrong command line
  2    there is no stack, or a server of it is not up
  3    a tool cannot be found, fetched or built
  130  interrupted; what was started is stopped again`

interface UpOptions {
  audit?: boolean
  with?: ExtraService[]
  backups: string[]
  veleroFlags?: string
}

async function up(dir: string, options: UpOptions): Promise<void> {
  const before = readState(dir)
  if (before?.stack !== undefined && isUp(before)) {
    console.log('The stack is already up.')
    return showStack(before.stack)
  }
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort(new Interrupted()))
  const started = Date.now()
  const stack = await startStack({
    dir,
    audit: options.audit ?? false,
    with: options.with ?? [],
    backups: options.backups,
    ...(options.veleroFlags === undefined ? {} : { veleroFlags: options.veleroFlags.split(/\s+/).filter(Boolean) }),
    report: (line) => console.error(line),
    signal: interrupt.signal,
  }).catch(async (error: unknown) => {
    if (interrupt.signal.aborted) await stopStack(dir)
    throw error
  })
  console.log(`The stack is up after ${((Date.now() - started) / 1000).toFixed(1)} s.`)
  showStack(stack)
}

class Interrupted extends Error {}

function showStack(stack: Stack): void {
  console.log(`Temporal    ${stack.temporal?.address ?? 'none'}, Web UI ${stack.temporal?.uiUrl ?? 'none'}`)
  console.log(`Kubernetes  ${stack.kubeUrl}, kubeconfig ${stack.kubeconfig}`)
  console.log(`Bucket      ${stack.s3.bucket} at ${stack.s3.endpoint}`)
  console.log(`Logs        ${join(stack.dir, 'logs')}`)
}

function status(dir: string): void {
  const state = readState(dir)
  if (state === undefined) console.log('There is no stack.')
  else console.log(showStatus(state))
  if (state === undefined || !isUp(state)) process.exitCode = 2
}

function env(dir: string): void {
  const stack = readState(dir)?.stack
  if (stack === undefined) {
    console.error('There is no stack; `npm run stack -- up` starts one.')
    process.exitCode = 2
    return
  }
  for (const [name, value] of Object.entries(stack.env))
    console.log(`export ${name}='${value.replaceAll("'", `'\\''`)}'`)
}

async function logs(dir: string, service: string | undefined, follow: boolean): Promise<void> {
  const folder = join(dir, 'logs')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const files = service === undefined ? names : names.filter((name) => name === `${service}.log`)
  if (files.length === 0) {
    console.error(names.length === 0 ? 'There is no stack.' : `No log of ${service}; there are ${names.join(', ')}.`)
    process.exitCode = 2
    return
  }
  const tail = spawn('tail', ['-n', '40', ...(follow ? ['-F'] : []), ...files], { cwd: folder, stdio: 'inherit' })
  await new Promise((done) => tail.once('exit', done))
}

function recordedBackups(): string[] {
  const folder = new URL('../test/fixtures/backups', import.meta.url)
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof Interrupted)) console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof Interrupted ? 130 : error instanceof ToolUnavailable ? 3 : 1
})

/** A table of the servers of a stack. */
function showStatus(state: StackState): string {
  const rows = Object.entries(state.services).map(([name, service]) => [
    name,
    service.pid,
    service.address,
    isRunning(service) ? 'yes' : 'no',
  ])
  return renderTable(['service', 'pid', 'address', 'up'], rows)
}
