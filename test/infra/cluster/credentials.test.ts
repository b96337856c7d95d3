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
})
