import type { Command } from 'commander'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import type { Io, RunCommand } from '../command.ts'

const examples = `
Examples:
  DRYDOCK_CODEC_KEYS_FILE=keys drydock codec-server
  drydock codec-server --keys keys --origin https://temporal.example.com

In the Web UI open the menu "Codec Server" and enter http://localhost:8888. Whoever reaches the port reads payloads:
leave it on this machine, or put a proxy with a login in front of it.`

interface CodecOptions {
  keys?: string
  origin: string[]
  listen: string
}

/** Adds `codec-server`. */
export function addCodecServer(program: Command, run: RunCommand): void {
  const command = program
    .command('codec-server')
    .description('show encrypted payloads in the Web UI, until Ctrl-C or SIGTERM')
    .option('--keys <file>', 'the keys; without it DRYDOCK_CODEC_KEYS_FILE')
    .option('--origin <address...>', 'the Web UIs that may ask', ['http://localhost:8233', 'http://127.0.0.1:8233'])
    .option('--listen <host:port>', 'where to listen', '127.0.0.1:8888')
    .addHelpText('after', examples)
    .action(() => run((io) => serve(io, command.opts<CodecOptions>())))
}

async function serve(
  io: Io,
  { keys = io.env['DRYDOCK_CODEC_KEYS_FILE'], origin, listen }: CodecOptions,
): Promise<ExitCode> {
  if (keys === undefined || keys === '')
    throw new ClientError(exitCodes.usage, 'name the file with the keys by --keys or DRYDOCK_CODEC_KEYS_FILE')
  const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(listen) ?? []
  if (port === '') throw new ClientError(exitCodes.usage, `--listen ${listen} is not host:port`)
  const { openCodec } = await import('../../../infra/codec/encrypting-codec.ts')
  const { serveCodec } = await import('../../../infra/codec/codec-server.ts')
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const server = await serveCodec({ codec: openCodec(keys), origins: origin, host, port: Number(port) })
  io.err.write(`payloads are shown on http://${server.address} to ${origin.join(', ')}\n`)
  await stopped
  await server.close()
  return exitCodes.ok
}
