import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, constants, createSecureServer } from 'node:http2'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'

/** An authority, and what it has signed: a server named `temporal.test` at 127.0.0.1, and a client. Paths of PEM files. */
export interface Certificates {
  ca: string
  server: { cert: string; key: string }
  client: { cert: string; key: string }
}

/** The name in the server's certificate. */
export const serverName = 'temporal.test'

/** Makes the certificates in a folder, by openssl. */
export function makeCertificates(dir: string): Certificates {
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { cwd: dir, stdio: 'ignore' })
  const path = (name: string) => ({ cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) })
  const made = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-subj', `/CN=${name}`]
  openssl('req', '-x509', ...made('ca'), '-out', 'ca.crt', '-days', '2')
  writeFileSync(join(dir, 'names'), `subjectAltName=DNS:${serverName},IP:127.0.0.1`)
  for (const name of ['server', 'client']) {
    openssl('req', ...made(name), '-out', `${name}.csr`)
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
    openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.crt`)
  }
  return { ca: path('ca').cert, server: path('server'), client: path('client') }
}

/** What a client has to show. */
export type Asked = { certificateOf: string } | { apiKey: string }

/** What stands before a Temporal server. */
export interface TemporalFront {
  address: string
  /** Requests that were passed on, and requests or connections that were refused. */
  readonly counts: { passed: number; refused: number }
}

/**
 * Puts TLS before a real Temporal server, as a proxy or Temporal Cloud does: it asks for a client certificate of an authority, or for an API key in
 * each request, and passes everything else on as it is.
 */
export async function startTemporalFront(temporal: string, tls: Certificates, asked: Asked): Promise<TemporalFront> {
  const behind = connect(`http://${temporal}`)
  const counts = { passed: 0, refused: 0 }
  const server = createSecureServer({
    key: readFileSync(tls.server.key),
    cert: readFileSync(tls.server.cert),
    ...('certificateOf' in asked
      ? { ca: readFileSync(asked.certificateOf), requestCert: true, rejectUnauthorized: true }
      : {}),
  })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('tlsClientError', () => counts.refused++)
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    if ('apiKey' in asked && headers.authorization !== `Bearer ${asked.apiKey}`) {
      counts.refused++
      refuse(stream)
      return
    }
    counts.passed++
    const { [constants.HTTP2_HEADER_AUTHORITY]: _authority, ...rest } = headers
    passOn(stream, behind.request(rest, { endStream: false }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  whenFileIsOver(async () => {
    for (const session of sessions) session.destroy()
    behind.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, counts }
}

/** As gRPC says it: an answer of headers alone. */
function refuse(stream: ServerHttp2Stream): void {
  const unauthenticated = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized.' }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...unauthenticated }, { endStream: true })
}

function passOn(stream: ServerHttp2Stream, onward: ReturnType<ReturnType<typeof connect>['request']>): void {
  onward.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  stream.on('close', () => onward.close(constants.NGHTTP2_CANCEL))
  let trailers: object = {}
  onward.on('trailers', (found) => (trailers = found))
  onward.on('response', (headers, flags) => {
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      stream.respond(headers, { endStream: true })
      return
    }
    stream.respond(headers, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers as never))
    onward.pipe(stream)
  })
  stream.pipe(onward)
}
