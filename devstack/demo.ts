import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { renderTable } from '../client/show/render-table.ts'
import type { ResourceList } from '../velero/results.ts'
import { readGolden, readRestored, watchPhases } from './demo-facts.ts'
import { startStack, stopStack } from './stack.ts'
import type { FullStack } from './stack-types.ts'
import { startWorkerProcess } from './processes/worker-process.ts'

const program = new Command('demo')
  .description('Starts the whole stack, restores two real Velero backups with Drydock, and shows the result.')
  .option('--keep', 'leave the stack and the worker running; stop them with `npm run stack -- down`')
  .parse()
const { keep = false } = program.opts<{ keep?: boolean }>()

const dir = resolve(process.env['DRYDOCK_STACK_DIR'] ?? '.stack')
const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.exitCode = await demo()

async function demo(): Promise<number> {
  let worker: Awaited<ReturnType<typeof startWorkerProcess>> | undefined
  let failed = true
  try {
    say('Starting Temporal, etcd, kube-apiserver and an S3 server')
    const stack = await startStack({
      dir,
      backups: ['bulk5k', 'shop'],
      report: (line) => console.log(`  ${line}`),
      signal: stop.signal,
    })
    say('Starting a worker')
    mkdirSync(join(dir, 'logs'), { recursive: true })
    worker = await startWorkerProcess({
      env: stack.env,
      logFile: join(dir, 'logs', 'worker.log'),
      archiveDir: join(dir, 'archives'),
    })
    await restoreBulk(stack)
    await restoreShop(stack)
    const webUi = `${stack.temporal.uiUrl}/namespaces/default/workflows`
    console.log(
      `\nThe restores in Temporal's Web UI: ${webUi}${keep ? '' : ' (it stops now; --keep leaves it running)'}`,
    )
    failed = false
    if (keep)
      console.log(
        `Everything is still running. In another shell: eval "$(npm run -s stack -- env)", then npx velero-drydock list. Stop it with: kill ${worker.pid}; npm run stack -- down`,
      )
    return 0
  } catch (error) {
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    if (!keep || failed) {
      await worker?.stop()
      await stopStack(dir)
    } else process.exit(0)
  }
}

async function restoreBulk(stack: FullStack): Promise<void> {
  const name = `bulk5k-${Date.now()}`
  say('Restoring backup bulk5k: 2,501 ConfigMaps, 2,500 Secrets')
  const phases = watchPhases(stack, name)
  await drydock(stack, ['start', '--from-backup', 'bulk5k', '--name', name, '--wait'])
  const restored = await readRestored(stack, name)
  expect('phase of the Restore', restored.restore.status?.phase, 'Completed')
  expect('items restored', restored.restore.status?.progress?.itemsRestored, 5003)
  expect('entries of the resource list', Object.values(restored.resourceList).flat().length, 5003)
  showList(restored.resourceList)
  showPhases(await phases.stop())
  showFiles(restored.files)
}

async function restoreShop(stack: FullStack): Promise<void> {
  const name = `shop-${Date.now()}`
  const golden = await readGolden('include-resources')
  const wanted = golden.spec.includedResources ?? []
  say(`Restoring a part of backup shop: ${wanted.join(', ')}`)
  const phases = watchPhases(stack, name)
  await drydock(stack, [
    'start',
    '--from-backup',
    'shop',
    '--name',
    name,
    '--include-resources',
    wanted.join(','),
    '--wait',
  ])
  const restored = await readRestored(stack, name)
  expect('phase of the Restore', restored.restore.status?.phase, golden.status.phase)
  expect('resource list', restored.resourceList, golden.resourceList)
  expect('results', restored.results, golden.results)
  showList(restored.resourceList)
  showPhases(await phases.stop())
  showFiles(restored.files)
  console.log('The resource list and the results are equal to what Velero v1.18.3 wrote for the same restore.')
}

/** Throws if a value is not as expected. */
function expect(what: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return
  throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`)
}

/** Runs the command line as a user would, with the progress bar if there is a terminal. */
async function drydock(stack: FullStack, words: string[]): Promise<void> {
  const bin = fileURLToPath(new URL('../client/cli/bin.cjs', import.meta.url))
  if (!existsSync(bin)) throw new Error(`${bin} is missing`)
  console.log(`$ npx velero-drydock ${words.join(' ')}`)
  const child = spawn(process.execPath, [bin, ...words], { env: { ...process.env, ...stack.env }, stdio: 'inherit' })
  const code = await new Promise<number | null>((settle) => child.on('exit', settle))
  if (code !== 0) throw new Error(`drydock ${words[0]} ended with code ${code}`)
}

function say(text: string): void {
  console.log(`\n── ${text}`)
}

/** Prints what was restored, by kind and result. */
function showList(list: ResourceList): void {
  const actions = ['created', 'updated', 'skipped', 'failed']
  const rows = Object.entries(list).map(([kind, entries]) => {
    const count = (action: string) => entries.filter((entry) => entry.endsWith(`(${action})`)).length
    return [kind, entries.length, ...actions.map(count)]
  })
  console.log(renderTable(['kind', 'objects', ...actions], rows))
}

/** Prints the phases of a Restore, in the order in which a watch saw them. */
function showPhases(phases: readonly string[]): void {
  console.log(`Phases: ${phases.join(' → ')}`)
}

/** Prints the files of a restore in the bucket. */
function showFiles(files: readonly { key: string; bytes: number }[]): void {
  const rows = files.map(({ key, bytes }) => [key, bytes])
  console.log(renderTable(['in the bucket', 'bytes'], rows))
}
