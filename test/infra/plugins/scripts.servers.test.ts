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

describe('the host of plugins', () => {
  it('has none where the folder is missing or empty', async () => {
    expect(await open('nowhere').restoreItemActions(never)).toEqual([])
  })

  it('starts a process again that lives on and does not listen any more', async () => {
    const once = join(dir, 'deaf-once')
    script(
      'deaf/plugin',
      `const { Server, ServerCredentials } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@grpc/grpc-js'))})
      const { existsSync, writeFileSync } = require('node:fs')
      const field = (number, value) => Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)])
      const action = Buffer.concat([field(2, 'RestoreItemAction'), field(3, 'example.io/deaf')])
      const server = new Server()
      const unary = (path) => ({
        path, requestStream: false, responseStream: false, requestSerialize: Buffer.from, requestDeserialize: Buffer.from,
        responseSerialize: Buffer.from, responseDeserialize: Buffer.from,
      })
      const serve = (service, calls) =>
        server.addService(
          Object.fromEntries(Object.keys(calls).map((name) => [name, unary('/' + service + '/' + name)])),
          Object.fromEntries(Object.entries(calls).map(([name, run]) => [name, (call, done) => done(null, run())])),
        )
      serve('generated.PluginLister', { ListPlugins: () => field(1, action) })
      serve('generated.RestoreItemAction', {
        AppliesTo() {
          if (!existsSync(${JSON.stringify(once)})) server.forceShutdown()
          writeFileSync(${JSON.stringify(once)}, '')
          return Buffer.alloc(0)
        },
      })
      const socket = ${JSON.stringify(join(dir, 'deaf-socket'))} + process.pid
      server.bindAsync('unix:' + socket, ServerCredentials.createInsecure(), () => console.log('1|2|unix|' + socket + '|grpc'))
      setInterval(() => {}, 1000)`,
      process.execPath,
    )
    expect(await open('deaf').appliesTo('example.io/deaf', never)).toMatchObject({ labels: '' })
    expect(log.lines.join()).toContain('it did not listen on its socket any more, and was ended')
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
