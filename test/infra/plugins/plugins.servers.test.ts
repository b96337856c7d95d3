import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createDeleteActions } from '../../../infra/plugins/delete-actions.ts'
import { demoPlugin } from '../../kit/velero/demo-plugin.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { hostOfPlugins } from './host-of-plugins.ts'
import type { RunningPlugins } from './host-of-plugins.ts'

const { dir, log, register, open } = hostOfPlugins()
const never = new AbortController().signal
const restore = { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name: 'r', namespace: 'velero' }, spec: {} }

/** How many processes run a binary. */
function running(path: string): number {
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith(path)).length
}

const configMap = (metadata: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'shop', ...metadata },
  data: { digits: '1' },
})

function execute(plugins: RunningPlugins, metadata: object, signal = never) {
  const item = configMap(metadata)
  return plugins.execute('example.io/label', { item, itemFromBackup: item, restore }, signal)
}

const doing = (what: string, once?: string) => ({
  annotations: {
    'demo.example.io/do': what,
    ...(once === undefined ? {} : { 'demo.example.io/once': join(dir, once) }),
  },
})

describe('the host of plugins, with one made on Velero’s framework', () => {
  let plugins: RunningPlugins
  beforeAll(async () => {
    mkdirSync(join(dir, 'real/sub'), { recursive: true })
    copyFileSync(await demoPlugin(), join(dir, 'real/sub/demo'))
    writeFileSync(join(dir, 'real/README'), 'no binary')
    plugins = open('real')
  })

  it('finds its actions, and asks them what they apply to', async () => {
    expect(await plugins.restoreItemActions(never)).toEqual([
      { name: 'example.io/label', version: 1 },
      { name: 'example.io/operation', version: 2 },
    ])
    expect(await plugins.appliesTo('example.io/operation', never)).toEqual({
      includedNamespaces: [],
      excludedNamespaces: [],
      includedResources: ['configmaps'],
      excludedResources: [],
      labels: 'demo.example.io/async',
    })
    await expect(plugins.appliesTo('example.io/nobody', never)).rejects.toThrow(/plugin named example.io\/nobody/)
  })

  it('gives the changed item, additional items and an operation', async () => {
    const wants = {
      annotations: { 'demo.example.io/wants': 'secrets:shop:s,deployments.apps:shop:d,storageclasses::c' },
    }
    const answer = await execute(plugins, wants)
    expect(answer.item).toEqual(configMap({ ...wants, labels: { 'demo.example.io/restored': 'true' } }))
    expect(answer.additionalItems).toEqual([
      { groupResource: 'secrets', namespace: 'shop', name: 's' },
      { groupResource: 'deployments.apps', namespace: 'shop', name: 'd' },
      { groupResource: 'storageclasses', name: 'c' },
    ])
    expect(answer).toMatchObject({ skip: false, operationId: '', waits: false, readySeconds: 0 })
    const item = configMap({ labels: { 'demo.example.io/async': 'done' } })
    const begun = await plugins.execute('example.io/operation', { item, itemFromBackup: item, restore }, never)
    expect(begun).toMatchObject({ operationId: 'done-a', waits: true })
    const asked = { operationId: 'done-a', restore }
    expect(await plugins.progress('example.io/operation', asked, never)).toEqual({
      completed: true,
      error: '',
      nCompleted: 3,
      nTotal: 3,
      units: 'steps',
      description: 'all done',
      started: '2023-11-14T22:13:20Z',
      updated: '2023-11-14T22:13:20Z',
    })
    expect(await plugins.areItemsReady('example.io/operation', { items: answer.additionalItems, restore }, never)).toBe(
      true,
    )
    await plugins.cancel('example.io/operation', asked, never)
    // What it prints takes another way than its answer.
    await waitUntil(
      () => log.lines.some((line) => line.includes('cancelling done-a')),
      20_000,
      'the line of the plugin',
    )
  })

  it('passes on the error of an action and of a panic in the words that Velero has', async () => {
    await expect(execute(plugins, doing('fail'))).rejects.toThrow(
      /^rpc error: code = Unknown desc = the action fails, as its item asks for$/,
    )
    await expect(execute(plugins, doing('panic'))).rejects.toThrow(
      /^rpc error: code = Aborted desc = plugin panicked: the action panics/,
    )
    expect(await execute(plugins, doing('skip'))).toMatchObject({ skip: true })
  })

  it('calls again where its process dies, a few times', async () => {
    await expect(execute(plugins, doing('exit', 'died-once'))).resolves.toMatchObject({ skip: false })
    await expect(execute(plugins, doing('exit'))).rejects.toThrow(
      'plugin example.io/label died while it worked on Execute (exit code 3)',
    )
  })

  it('bears a flood of output, and refuses an answer that is too large', async () => {
    const isFlood = (line: string) => line.includes('flood flood')
    await expect(execute(plugins, doing('flood'))).resolves.toMatchObject({ skip: false })
    const isCut = () => log.lines.some((line) => line.includes('printed too much'))
    // It is told with the first line of the next second.
    await waitUntil(async () => (await execute(plugins, {}), isCut()), 20_000, 'the flood to be cut')
    expect(log.lines.filter(isFlood).length).toBeLessThan(2000)
    await expect(execute(plugins, doing('huge'))).rejects.toThrow(
      'plugin example.io/label has answered Execute with more than the 16777216 bytes of DRYDOCK_ITEM_BYTES',
    )
  })

  it('ends one that hangs after a deadline, and lets go of a call that is cancelled', async () => {
    const short = open('real', { callMs: 2000 })
    await short.restoreItemActions(never)
    const stop = new AbortController()
    const waiting = execute(short, doing('hang'))
    const cancelled = execute(short, {}, stop.signal)
    stop.abort(new Error('cancelled'))
    await expect(cancelled).rejects.toThrow('cancelled')
    await expect(waiting).rejects.toThrow(
      'plugin example.io/label has not answered Execute within 2 s (DRYDOCK_PLUGIN_TIMEOUT), and was ended',
    )
    await expect(execute(short, {})).resolves.toMatchObject({ skip: false })
  })

  it('leaves no process where the worker is killed', async () => {
    const path = join(dir, 'killed/demo')
    mkdirSync(dirname(path))
    copyFileSync(await demoPlugin(), path)
    const script = `
      import { createRegistry } from ${JSON.stringify(new URL('../../../infra/plugins/registry.ts', import.meta.url).href)}
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const options = { args: [], env: process.env, startMs: 60000, answerBytesMax: 1e6, callsMax: 1, callMs: 60000, log }
      await createRegistry({ dir: ${JSON.stringify(dirname(path))}, ...options }).all('RestoreItemAction')
      console.log('listed')`
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => worker.stdout.once('data', resolve))
    expect(running(path)).toBe(1)
    worker.kill('SIGKILL')
    await waitUntil(() => running(path) === 0, 20_000, 'the plugin to end')
  })

  it('calls a DeleteItemAction, and tells its error', async () => {
    const actions = createDeleteActions(register('real'))
    expect(await actions.names(never)).toEqual(['example.io/record'])
    expect(await actions.appliesTo('example.io/record', never)).toMatchObject({ includedResources: ['cm'], labels: '' })
    const file = join(dir, 'deleted')
    const backup = { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'b', namespace: 'velero' } }
    const remove = (name: string, annotations: object) =>
      actions.execute(
        'example.io/record',
        { item: configMap({ name, annotations: { 'demo.example.io/deleted': file, ...annotations } }), backup },
        never,
      )
    await remove('one', {})
    await expect(remove('two', { 'demo.example.io/do': 'fail' })).rejects.toThrow('the action fails')
    expect(readFileSync(file, 'utf8')).toBe('one of b\ntwo of b\n')
  })

  it('ends its processes when it is closed, and starts none for a call that somebody has given up, or that comes later', async () => {
    const path = join(dir, 'closed/demo')
    mkdirSync(dirname(path))
    copyFileSync(await demoPlugin(), path)
    const short = open('closed')
    await execute(short, {})
    expect(running(path)).toBe(1)
    const stop = new AbortController()
    const hanging = execute(short, doing('hang'), stop.signal)
    stop.abort(new Error('cancelled'))
    await expect(hanging).rejects.toThrow('cancelled')
    await short.close()
    await expect(execute(short, {})).rejects.toThrow(
      `plugin ${path} is not called any more: the worker stops, or its location has had many other credentials since`,
    )
    expect(running(path)).toBe(0)
  })
})
