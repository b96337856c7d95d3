import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hostOfPlugins } from './host-of-plugins.ts'

const { dir, log, open } = hostOfPlugins()
const never = new AbortController().signal

function script(path: string, text: string, by = '/bin/sh'): void {
  const file = join(dir, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `#!${by}\n${text}\n`)
  chmodSync(file, 0o755)
}

let sockets = 0

/** A plugin without Velero's framework. It says that it has an action, and does something when it is asked what that applies to. */
function servingScript(
  path: string,
  { kind, name }: { kind: string; name: string },
  whenAsked = '',
  whenStarted = '',
): void {
  // The name is short: the path of a socket has at most 107 characters, and the folder of a test may have most of them.
  const socket = JSON.stringify(join(dir, `${++sockets}.`))
  const text = `
${whenStarted}
const { Server, ServerCredentials } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@grpc/grpc-js'))})
const { existsSync, writeFileSync } = require('node:fs')
const field = (number, value) => Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)])
const action = Buffer.concat([field(2, ${JSON.stringify(kind)}), field(3, ${JSON.stringify(name)})])
const server = new Server()
const bytes = { requestStream: false, responseStream: false, requestSerialize: Buffer.from, requestDeserialize: Buffer.from }
const serve = (path, answer) =>
  server.addService(
    { call: { path, ...bytes, responseSerialize: Buffer.from, responseDeserialize: Buffer.from } },
    { call: (_call, done) => done(null, answer()) },
  )
serve('/generated.PluginLister/ListPlugins', () => field(1, action))
serve('/generated.RestoreItemAction/AppliesTo', () => {
  ${whenAsked}
  return Buffer.alloc(0)
})
const socket = ${socket} + process.pid
server.bindAsync('unix:' + socket, ServerCredentials.createInsecure(), () => console.log('1|2|unix|' + socket + '|grpc'))
setInterval(() => {}, 1000)`
  script(path, text, process.execPath)
}

describe('the host of plugins', () => {
  it('has none where the folder is missing or empty', async () => {
    expect(await open('nowhere').restoreItemActions(never)).toEqual([])
  })

  it('starts a process again that lives on and does not listen any more', async () => {
    const once = join(dir, 'deaf-once')
    const stopListening = `if (!existsSync(${JSON.stringify(once)})) server.forceShutdown()
      writeFileSync(${JSON.stringify(once)}, '')`
    servingScript('deaf/plugin', { kind: 'RestoreItemAction', name: 'example.io/deaf' }, stopListening)
    expect(await open('deaf').appliesTo('example.io/deaf', never)).toMatchObject({ labels: '' })
    expect(log.lines.join()).toContain('it did not listen on its socket any more, and was ended')
  })

  it('outlives a call that is late on a process that was ended, while the next one cannot be started', async () => {
    // A child of the plugin listens: it keeps the connection for a while when the plugin has been ended.
    const listenInChild = `if (process.env.IS_CHILD === undefined) {
      require('node:child_process').spawn(__filename, { env: { ...process.env, IS_CHILD: 'yes' }, stdio: 'inherit' })
      setInterval(() => {}, 1000)
      return
    }`
    const hang = `writeFileSync(__filename, '#!/bin/sh\\nsleep 1\\nexit 4\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000)
      process.exit()`
    servingScript('stuck/plugin', { kind: 'RestoreItemAction', name: 'example.io/stuck' }, hang, listenInChild)
    const unhandled: unknown[] = []
    const note = (thrown: unknown) => unhandled.push(thrown)
    process.on('unhandledRejection', note)
    try {
      const plugins = open('stuck', { callsMax: 2, callMs: 1000 })
      await plugins.restoreItemActions(never)
      const whyNot = async () =>
        plugins.appliesTo('example.io/stuck', never).then(
          () => 'answered',
          (thrown: unknown) => String(thrown),
        )
      const first = whyNot()
      await new Promise((resolve) => setTimeout(resolve, 300))
      const [second, third] = [whyNot(), whyNot()]
      expect(await first).toContain('has not answered AppliesTo within 1 s')
      expect(await second).toContain('has not answered AppliesTo within 1 s')
      expect(await third).toContain('it ended before it printed a line (exit code 4)')
      await new Promise((resolve) => setTimeout(resolve, 0))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it.each([
    ['Other', 'example.io/a', 'cannot be used: invalid plugin kind: Other'],
    ['ObjectStore', 'a', 'cannot be used: invalid plugin name "a"'],
    [
      'RestoreItemAction',
      'velero.io/pod',
      'because another plugin is already registered for this kind and name (command=velero)',
    ],
  ])('says of a binary why it cannot have a %s named %s', async (kind, name, why) => {
    const path = `${kind}-${name.replace('/', '-')}/plugin`
    servingScript(path, { kind, name })
    const problem: unknown = await open(dirname(path))
      .restoreItemActions(never)
      .catch((thrown: unknown) => thrown)
    expect((problem as Error).message).toContain(join(dir, path))
    expect((problem as Error).message).toContain(why)
  })

  it('says of two binaries that both have a plugin of one name', async () => {
    for (const file of ['twice/one', 'twice/two'])
      servingScript(file, { kind: 'RestoreItemAction', name: 'example.io/same' })
    await expect(open('twice').restoreItemActions(never)).rejects.toThrow(
      `unable to register plugin (kind=RestoreItemAction, name=example.io/same, command=${join(dir, 'twice/two')}) because another plugin is already registered for this kind and name (command=${join(dir, 'twice/one')})`,
    )
  })

  it('lets go of a plugin that does not say what it has when that is cancelled', async () => {
    script('slow/plugin', 'exec sleep 600')
    const stop = new AbortController()
    const waiting = open('slow').restoreItemActions(stop.signal)
    stop.abort(new Error('cancelled'))
    await expect(waiting).rejects.toThrow('cancelled')
  })

  it.each([
    ['no-plugin', 'echo hello', 'it is no plugin of Velero: its first line is "hello"'],
    [
      'other-version',
      'echo "1|3|unix|/tmp/x|grpc"',
      'it speaks version "3" of the plugin protocol, and Drydock version 2',
    ],
    ['other-core', 'echo "2|2|unix|/tmp/x|grpc"', 'its handshake has version "2", and Drydock has version 1'],
    ['netrpc', 'echo "1|2|unix|/tmp/x|netrpc"', 'it speaks "netrpc" instead of gRPC'],
    ['elsewhere', 'echo "1|2|tcp|192.0.2.1:80|grpc"', 'not on a socket of this machine'],
    ['dead', 'exit 4', 'it ended before it printed a line (exit code 4)'],
    ['silent', 'exec sleep 600', 'it has printed no line within 1 s'],
  ])('says of a binary that is %s why it cannot be used', async (folder, text, why) => {
    script(`${folder}/bad`, text)
    const plugins = open(folder, folder === 'silent' ? { startMs: 1000 } : {})
    const problem: unknown = await plugins.restoreItemActions(never).catch((thrown: unknown) => thrown)
    expect((problem as Error).message).toContain(`plugin ${join(dir, folder)}/bad cannot be used: `)
    expect((problem as Error).message).toContain(why)
  })
})
