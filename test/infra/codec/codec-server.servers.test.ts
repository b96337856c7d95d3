import { afterAll, beforeAll, expect, it } from 'vitest'
import { encryptingCodec } from '../../../infra/codec/encrypting-codec.ts'
import { serveCodec } from '../../../infra/codec/codec-server.ts'
import type { CodecServer } from '../../../infra/codec/codec-server.ts'

const key = { id: 'one', secret: Buffer.alloc(32, 1) }
const codec = encryptingCodec({ current: () => key, find: (id) => (id === key.id ? key : undefined) })
const page = 'https://temporal.example.com'
const plain = { payloads: [{ metadata: { encoding: btoa('json/plain') }, data: btoa('"x"') }] }
let server: CodecServer

beforeAll(async () => {
  server = await serveCodec({ codec, origins: [page], host: '127.0.0.1', port: 0 })
})
afterAll(() => server.close())

const ask = (path: string, init: RequestInit) => fetch(`http://${server.address}${path}`, init)
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } })

it('decodes what it has encoded, for a command line and for the page that is named', async () => {
  const encoded = (await (await post('/encode', plain)).json()) as { payloads: { metadata: { encoding: string } }[] }
  expect(atob(encoded.payloads[0]?.metadata.encoding ?? '')).toBe('binary/encrypted')
  expect(await (await post('/decode', encoded)).json()).toEqual(plain)
  const shown = await post('/default/decode', encoded, { origin: page, 'x-namespace': 'default' })
  expect(shown.headers.get('access-control-allow-origin')).toBe(page)
  expect(await shown.json()).toEqual(plain)
})

it('answers the question that a browser asks before', async () => {
  const asked = { origin: page, 'access-control-request-method': 'POST' }
  const answer = await ask('/decode', { method: 'OPTIONS', headers: asked })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-headers')).toContain('x-namespace')
})

it('refuses pages of other origins, other paths and methods, and what it cannot read', async () => {
  const other = await post('/decode', plain, { origin: 'https://evil.example.com' })
  expect(other.status).toBe(403)
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
  expect((await post('/', plain)).status).toBe(404)
  expect((await ask('/decode', {})).status).toBe(405)
  expect((await post('/decode', {})).status).toBe(400)
  const foreign = { metadata: { encoding: btoa('binary/encrypted'), 'encryption-key-id': btoa('two') }, data: '' }
  const unknown = await post('/decode', { payloads: [foreign] })
  expect(unknown.status).toBe(400)
  expect(await unknown.json()).toEqual({ message: expect.stringContaining('key "two"') })
})
