import { spawn } from 'node:child_process'
import type { ExecPlugin } from './kubeconfig.ts'

/** What a plugin printed: a token, or a certificate with its key, both as PEM. */
export interface PluginCredential {
  token?: string
  clientCertificateData?: string
  clientKeyData?: string
  /** RFC 3339; without it the credential lasts until it is refused. */
  expirationTimestamp?: string
}

/** A plugin that prints nothing for so long would stop whoever waits for credentials; a browser may be part of it. */
const deadlineMs = 60_000

/**
 * Runs the `exec` plugin of a kubeconfig's user and returns what it printed. Rejects with one sentence where it cannot be run,
 * fails, takes more than a minute, or prints something else.
 */
export async function runExecPlugin(plugin: ExecPlugin): Promise<PluginCredential> {
  const { command, args, env } = plugin
  if (typeof command !== 'string' || command === '') throw new Error('the exec plugin of the kubeconfig has no command')
  const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
  const child = spawn(command, [...(args ?? [])], {
    env: { ...process.env, KUBERNETES_EXEC_INFO: execInfo(plugin), ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  })
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
  const code = await new Promise<number | null>((done, fail) => {
    child.on('error', (cause) =>
      fail(new Error(`the exec plugin ${command} cannot be run: ${cause.message}`, { cause })),
    )
    child.on('close', done)
  })
  if (code === null) throw new Error(`the exec plugin ${command} gave no answer within ${deadlineMs / 1000} s`)
  if (code !== 0) throw new Error(`the exec plugin ${command} ended with ${code}: ${err().trim()}`)
  return statusOf(command, out())
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  return () => text
}

/** As client-go tells its plugins. Nobody may be asked anything: a worker has no terminal. */
function execInfo({ apiVersion = 'client.authentication.k8s.io/v1' }: ExecPlugin): string {
  return JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } })
}

/** What a plugin prints is a secret, so no message quotes it. */
function statusOf(command: string, text: string): PluginCredential {
  let printed: { status?: PluginCredential } | null
  try {
    printed = JSON.parse(text) as typeof printed
  } catch {
    throw new Error(`the exec plugin ${command} printed no JSON`)
  }
  const status = printed?.status
  if (status?.token === undefined && status?.clientCertificateData === undefined)
    throw new Error(`the exec plugin ${command} printed no credential`)
  return status
}
