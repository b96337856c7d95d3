import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openCredentials } from '../../../infra/cluster/credentials.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-plugin-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function openUser(user: object) {
  const path = join(dir, 'config')
  const clusters = [{ name: 'c', cluster: { server: 'https://example.com' } }]
  const contexts = [{ name: 'a', context: { cluster: 'c', user: 'u' } }]
  const users = [{ name: 'u', user }]
  writeFileSync(path, JSON.stringify({ clusters, contexts, users, 'current-context': 'a' }))
  return openCredentials({ kubeconfig: path })
}

/** A plugin that counts how often it was run. */
function plugin(code: string) {
  const runs = join(dir, `runs-${Math.random()}`)
  const script = `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'x'); ${code}`
  return {
    exec: { command: process.execPath, args: ['-e', script], env: [{ name: 'TOKEN', value: 'of-plugin' }] },
    runs: () => (existsSync(runs) ? readFileSync(runs, 'utf8').length : 0),
  }
}

const print = (status: string) => `console.log(JSON.stringify({ status: ${status} }))`

describe('an exec plugin of a kubeconfig', () => {
  it('gives a token, is told what it is asked for, and is asked again when the token is refused', async () => {
    const { exec, runs } = plugin(
      print('{ token: process.env.TOKEN + JSON.parse(process.env.KUBERNETES_EXEC_INFO).kind }'),
    )
    const source = openUser({ exec })
    const first = await source.current()
    expect(first.headers).toEqual({ authorization: 'Bearer of-pluginExecCredential' })
    await source.current()
    expect(runs()).toBe(1)
    await source.reload(first)
    expect(runs()).toBe(2)
  })

  it('gives a certificate', async () => {
    const { exec } = plugin(print("{ clientCertificateData: 'CERT', clientKeyData: 'KEY' }"))
    expect((await openUser({ exec }).current()).tls).toEqual({ cert: 'CERT', key: 'KEY' })
  })

  it('that fails is told with what it says, and one that prints a secret in a wrong form without it', async () => {
    const failing = plugin("console.error('log in first'); process.exitCode = 3").exec
    await expect(openUser({ exec: failing }).current()).rejects.toThrow(/ended with 3: log in first$/)
    const wrong = plugin("console.log('secret')").exec
    await expect(openUser({ exec: wrong }).current()).rejects.toThrow(/printed no JSON$/)
    await expect(openUser({ exec: { command: '/nowhere/plugin' } }).current()).rejects.toThrow(
      /^the exec plugin \/nowhere\/plugin cannot be run: /,
    )
  })

  it('is no other thing than the provider of OpenID Connect, whose token is taken while it is valid', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = `${part({ alg: 'none' })}.${part({ exp: 4_000_000_000 })}.signature`
    const provider = { 'auth-provider': { name: 'oidc', config: { 'id-token': token } } }
    expect((await openUser(provider).current()).headers).toEqual({ authorization: `Bearer ${token}` })
  })
})
