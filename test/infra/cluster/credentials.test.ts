import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { openCredentials } from '../../../infra/cluster/credentials.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-kubeconfig-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
afterEach(() => vi.unstubAllEnvs())

function kubeconfig(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

const contexts = 'contexts: [{ name: a, context: { cluster: c, user: u } }, { name: b, context: { cluster: d } }]'
const head = 'apiVersion: v1\nkind: Config\nusers: []\n'
const good = kubeconfig(
  'good',
  `${head}clusters: [{ name: c, cluster: { server: 'https://example.com' } }]\n${contexts}\ncurrent-context: a\n`,
)

describe('a kubeconfig', () => {
  it.each([
    ['is not there', { kubeconfig: '/nonexistent' }, 'the kubeconfig /nonexistent does not exist'],
    ['is a folder', { kubeconfig: dir }, `the kubeconfig ${dir} is a folder`],
    [
      'has no such context',
      { kubeconfig: good, context: 'z' },
      `the kubeconfig ${good} has no context "z"; it has "a", "b"`,
    ],
    [
      'has no cluster for its context',
      { kubeconfig: good, context: 'b' },
      `the kubeconfig ${good} has no cluster "d", which its context "b" names`,
    ],
    [
      'is empty of contexts',
      { kubeconfig: kubeconfig('none', head) },
      `the kubeconfig ${join(dir, 'none')} has no current context: name one; it has none at all`,
    ],
  ])('that %s is told in one sentence', (_what, options, message) => {
    expect(() => openCredentials(options)).toThrow(message)
  })

  it('that is no YAML is told in one line', () => {
    const path = kubeconfig('broken', 'a: [b\nc: d\n')
    expect(() => openCredentials({ kubeconfig: path })).toThrow(/^the kubeconfig \S+broken cannot be used: [^\n]+$/)
  })

  it('that KUBECONFIG names and that is not there is told by its path', () => {
    vi.stubEnv('KUBECONFIG', '/no/config')
    expect(() => openCredentials({})).toThrow('the kubeconfig /no/config does not exist')
  })

  it('that nobody has named or written is told as such', () => {
    vi.stubEnv('KUBECONFIG', '')
    vi.stubEnv('HOME', dir)
    expect(() => openCredentials({})).toThrow(
      'there is no kubeconfig: name one, set KUBECONFIG or write ~/.kube/config',
    )
  })

  it('is used with the context that is asked for', async () => {
    expect((await openCredentials({ kubeconfig: good, context: 'a' }).current()).origin).toBe('https://example.com')
  })

  it('may stand in several files, of which the first counts and one may be missing', async () => {
    const other = kubeconfig(
      'other',
      `${head}clusters: [{ name: c, cluster: { server: 'https://other.example' } }, { name: d, cluster: { server: 'https://d.example/k8s/' } }]\ncurrent-context: b\n`,
    )
    vi.stubEnv('KUBECONFIG', ['/no/config', good, other].join(':'))
    expect((await openCredentials({}).current()).origin).toBe('https://example.com')
    expect(await openCredentials({ context: 'b' }).current()).toMatchObject({
      origin: 'https://d.example',
      basePath: '/k8s',
    })
  })

  it('without TLS is refused, unless it says that this is meant', async () => {
    const plain = (more: string) => withUser('{}', `{ server: 'http://localhost:8001'${more} }`)
    expect(() => openCredentials({ kubeconfig: plain('') })).toThrow('an address without TLS, http://localhost:8001')
    const source = openCredentials({ kubeconfig: plain(', insecure-skip-tls-verify: true') })
    expect((await source.current()).origin).toBe('http://localhost:8001')
  })
})

function withUser(user: string, cluster = "{ server: 'https://example.com' }"): string {
  return kubeconfig(
    'with-user',
    `users: [{ name: u, user: ${user} }]\nclusters: [{ name: c, cluster: ${cluster} }]\n${contexts}\ncurrent-context: a\n`,
  )
}

describe('the credentials of a kubeconfig', () => {
  const read = (user: string, cluster?: string) => openCredentials({ kubeconfig: withUser(user, cluster) }).current()
  const base64 = (text: string) => Buffer.from(text).toString('base64')

  it.each([
    ['a token', '{ token: abc }', { authorization: 'Bearer abc' }],
    ['a name and a password', '{ username: me, password: secret }', { authorization: `Basic ${base64('me:secret')}` }],
    ['nothing', '{}', {}],
    ['another user to act as', '{ token: abc, as: root }', { authorization: 'Bearer abc', 'impersonate-user': 'root' }],
  ])('may be %s', async (_what, user, headers) => {
    expect((await read(user)).headers).toEqual(headers)
  })

  it('may be certificates, in it or in files beside it', async () => {
    writeFileSync(join(dir, 'ca.crt'), 'CA')
    writeFileSync(join(dir, 'client.key'), 'KEY')
    const { tls, proxyUrl } = await read(
      `{ client-certificate-data: ${base64('CERT')}, client-certificate: nowhere, client-key: client.key }`,
      "{ server: 'https://example.com', certificate-authority: ca.crt, tls-server-name: other, proxy-url: 'http://proxy' }",
    )
    expect(tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'other' })
    expect(proxyUrl).toBe('http://proxy')
  })

  it('may leave the server unproven', async () => {
    const { tls } = await read('{}', "{ server: 'https://example.com', insecure-skip-tls-verify: true }")
    expect(tls).toEqual({ rejectUnauthorized: false })
  })

  it('may be a file whose token changes', async () => {
    writeFileSync(join(dir, 'token'), 'first\n')
    const source = openCredentials({ kubeconfig: withUser('{ tokenFile: token }') })
    const first = await source.current()
    expect(first.headers).toEqual({ authorization: 'Bearer first' })
    writeFileSync(join(dir, 'token'), 'second\n')
    expect((await source.reload(first)).headers).toEqual({ authorization: 'Bearer second' })
  })
})
