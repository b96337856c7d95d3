import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { makeCertificate } from '../../kit/webhook.ts'

/** AWS's token service, the metadata of a machine and the agent of pod identities, as far as the SDK asks them for credentials. */
export interface LocalAws {
  url: string
  /** What was asked, in order: `AssumeRole arn…`, `metadata`, `pod`. */
  asked: string[]
  /** Web identity tokens that have expired. */
  expired: Set<string>
}

interface Keys {
  accessKey: string
  secretKey: string
}

/** Starts it; it gives these keys to everyone who asks well. */
export async function startLocalAws(keys: Keys): Promise<LocalAws> {
  const aws: LocalAws = { url: '', asked: [], expired: new Set() }
  const server = createServer((request, answer) => {
    reply(request, answer, { aws, keys }).catch((error: unknown) => answer.destroy(error as Error))
  })
  aws.url = `http://127.0.0.1:${await listen(server)}`
  return aws
}

type World = { aws: LocalAws; keys: Keys }

async function reply(request: IncomingMessage, answer: ServerResponse, { aws, keys }: World): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://x')
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  const json = {
    Code: 'Success',
    AccessKeyId: keys.accessKey,
    SecretAccessKey: keys.secretKey,
    Token: '',
    Expiration: expiration,
  }
  if (request.method === 'POST') return askForRole(await text(request), answer, { aws, keys })
  if (pathname === '/latest/api/token') return void answer.end('a-token')
  if (pathname.endsWith('/security-credentials/')) return void answer.end('role')
  if (pathname === '/pod' && request.headers.authorization !== 'pod-token') return void answer.writeHead(401).end('{}')
  aws.asked.push(pathname === '/pod' ? 'pod' : 'metadata')
  answer.setHeader('content-type', 'application/json').end(JSON.stringify(json))
}

function askForRole(body: string, answer: ServerResponse, { aws, keys }: World): void {
  const asked = new URLSearchParams(body)
  const action = asked.get('Action') ?? ''
  aws.asked.push(`${action} ${asked.get('RoleArn') ?? ''}`)
  answer.setHeader('content-type', 'text/xml')
  if (aws.expired.has(asked.get('WebIdentityToken') ?? '')) {
    const error = '<Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error>'
    answer.writeHead(400).end(`<ErrorResponse>${error}<RequestId>1</RequestId></ErrorResponse>`)
    return
  }
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  const given = `<AccessKeyId>${keys.accessKey}</AccessKeyId><SecretAccessKey>${keys.secretKey}</SecretAccessKey><SessionToken></SessionToken>`
  const credentials = `<Credentials>${given}<Expiration>${expiration}</Expiration></Credentials>`
  answer.end(`<${action}Response><${action}Result>${credentials}</${action}Result></${action}Response>`)
}

/** A proxy, and the hosts that were asked for through it. */
export async function startProxy(): Promise<{ url: string; hosts: string[] }> {
  const hosts: string[] = []
  const server = createServer().on('connect', (request, socket) => {
    hosts.push(request.url ?? '')
    const [host = '', port = ''] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(target).pipe(socket)
    })
    target.on('error', () => socket.destroy())
    socket.on('error', () => target.destroy())
  })
  return { url: `http://127.0.0.1:${await listen(server)}`, hosts }
}

/** An address with TLS before a plain server, and the certificate that it signed itself. */
export async function startTlsFront(plain: string): Promise<{ url: string; caCert: string }> {
  const { key, cert } = makeCertificate()
  const { hostname, port } = new URL(plain)
  const server = createTlsServer({ key, cert }, (socket) => {
    const target = connect(Number(port), hostname)
    socket.pipe(target).pipe(socket)
    target.on('error', () => socket.destroy())
    socket.on('error', () => target.destroy())
  })
  return { url: `https://127.0.0.1:${await listen(server)}`, caCert: cert.toString('base64') }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  whenFileIsOver(async () => void server.close())
  return (server.address() as AddressInfo).port
}
