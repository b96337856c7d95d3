import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../worker/config.ts'
import { problemsOf } from './config-problems.ts'

const folder = mkdtempSync(join(tmpdir(), 'drydock-policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const fileWith = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('the policy of a worker', () => {
  it('is read from its file', () => {
    const file = fileWith('good.yaml', 'rules: [{ user: alice, namespaces: [shop] }]')
    const { policy } = readConfig({ DRYDOCK_POLICY_FILE: file }).settings
    expect(policy?.rules).toMatchObject([{ user: 'alice', namespaces: ['shop'], from: ['shop'], clusterScoped: [] }])
    expect(readConfig({}).settings.policy).toBeUndefined()
  })

  it('keeps a worker from starting that cannot read it, with a sentence for each fault', () => {
    const file = fileWith('bad.yaml', 'rules: [{ user: "system:admin", namespaces: [shop] }, { namespaces: [shop] }]')
    expect(problemsOf({ DRYDOCK_POLICY_FILE: file })).toEqual([
      expect.stringContaining(`DRYDOCK_POLICY_FILE: the policy ${file} cannot be used: rules[0]: user "system:admin"`),
      expect.stringContaining('rules[1]: it names no user'),
    ])
    expect(problemsOf({ DRYDOCK_POLICY_FILE: '/nowhere/policy.yaml' })).toEqual([
      expect.stringContaining('DRYDOCK_POLICY_FILE: the file /nowhere/policy.yaml cannot be read: ENOENT'),
    ])
    expect(problemsOf({ DRYDOCK_POLICY_FILE: fileWith('empty.yaml', '') })).toHaveLength(1)
  })

  it('has to name the user of the worker', () => {
    const file = fileWith('other.yaml', 'rules: [{ user: alice, namespaces: [shop] }]')
    expect(problemsOf({ DRYDOCK_POLICY_FILE: file, DRYDOCK_IMPERSONATE_USER: 'alice' })).toEqual([])
    expect(problemsOf({ DRYDOCK_POLICY_FILE: file, DRYDOCK_IMPERSONATE_USER: 'bob' })).toEqual([
      expect.stringContaining('contradict each other: the worker\'s policy does not name user "bob"'),
    ])
  })
})
