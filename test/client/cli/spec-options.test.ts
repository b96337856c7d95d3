import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { applySpecOptions, parseSelector, specOptions } from '../../../client/cli/spec-options.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-client-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function specOf(...argv: string[]): RestoreSpec {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  for (const { option } of specOptions) command.addOption(option)
  command.parse(argv, { from: 'user' })
  return applySpecOptions({}, command.opts())
}

const hooksFile = join(dir, 'hooks.yaml')
writeFileSync(
  hooksFile,
  'hooks:\n  resources:\n    - name: warm-up\n      postHooks:\n        - exec: { command: [/bin/true] }\n',
)
const hooks = { resources: [{ name: 'warm-up', postHooks: [{ exec: { command: ['/bin/true'] } }] }] }

const rows: [flags: string[], spec: RestoreSpec][] = [
  [['--from-backup', 'shop'], { backupName: 'shop' }],
  [['--from-schedule', 'nightly'], { scheduleName: 'nightly' }],
  [['--include-namespaces', 'a,b'], { includedNamespaces: ['a', 'b'] }],
  [['--include-namespaces', '*'], { includedNamespaces: ['*'] }],
  [['--exclude-namespaces', 'a', '--exclude-namespaces', 'b'], { excludedNamespaces: ['a', 'b'] }],
  [['--include-resources', 'pods,deployments.apps'], { includedResources: ['pods', 'deployments.apps'] }],
  [['--exclude-resources', 'secrets'], { excludedResources: ['secrets'] }],
  [['--namespace-mappings', 'a:b,c:d'], { namespaceMapping: { a: 'b', c: 'd' } }],
  [['--namespace-mappings', 'a:b', '--namespace-mappings', 'c:d'], { namespaceMapping: { a: 'b', c: 'd' } }],
  [['--selector', 'app=web'], { labelSelector: { matchLabels: { app: 'web' } } }],
  [
    ['-l', 'app in (a,b)'],
    { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] } },
  ],
  [['--or-selector', 'a=b or c=d'], { orLabelSelectors: [{ matchLabels: { a: 'b' } }, { matchLabels: { c: 'd' } }] }],
  [['--restore-volumes'], { restorePVs: true }],
  [['--restore-volumes=false'], { restorePVs: false }],
  [['--preserve-nodeports'], { preserveNodePorts: true }],
  [['--include-cluster-resources=true'], { includeClusterResources: true }],
  [['--existing-resource-policy', 'update'], { existingResourcePolicy: 'update' }],
  [['--status-include-resources', 'pods'], { restoreStatus: { includedResources: ['pods'] } }],
  [
    ['--status-include-resources', '*', '--status-exclude-resources', 'pods'],
    { restoreStatus: { includedResources: ['*'], excludedResources: ['pods'] } },
  ],
  [['--item-operation-timeout', '1h30m'], { itemOperationTimeout: '1h30m' }],
  [['--resource-modifier-configmap', 'm'], { resourceModifier: { apiGroup: '', kind: 'configmap', name: 'm' } }],
  [['--resource-policies-configmap', 'p'], { resourcePolicy: { kind: 'configmap', name: 'p' } }],
  [['--write-sparse-files'], { uploaderConfig: { writeSparseFiles: true } }],
  [
    ['--write-sparse-files', '--parallel-files-download', '4'],
    { uploaderConfig: { writeSparseFiles: true, parallelFilesDownload: 4 } },
  ],
  [['--hooks-file', hooksFile], { hooks }],
  [['--existing-volume-data-policy', 'full'], { existingVolumeDataPolicy: 'full' }],
  [['--skip-default-resource-modifier'], { skipDefaultResourceModifier: true }],
  [['--delete-extra-files', 'false'], { uploaderConfig: { deleteExtraFiles: false } }],
]

describe('the options of a spec', () => {
  it.each(rows)('%j', (argv, spec) => {
    expect(specOf(...argv)).toEqual(spec)
  })

  it('has a row in this table for each of them', () => {
    const tested = new Set(rows.flatMap(([argv]) => argv.map((word) => word.split('=')[0])))
    const missing = specOptions.map(({ option }) => option.long).filter((long) => !tested.has(long!))
    expect(missing).toEqual([])
  })

  it.each([
    ['--namespace-mappings', 'ab'],
    ['--namespace-mappings', ':b'],
    ['--selector', 'app=='.padEnd(80, 'x')],
    ['--selector', 'a b c'],
    ['--selector', 'a=b,,c=d'],
    ['--or-selector', 'a=b or in (c'],
    ['--restore-volumes', 'maybe'],
    ['--existing-resource-policy', 'replace'],
    ['--item-operation-timeout', '4 hours'],
    ['--item-operation-timeout', '-1h'],
    ['--parallel-files-download', '-1'],
    ['--hooks-file', '/nowhere.yaml'],
  ])('refuses %s %s', (flag, value) => {
    expect(() => specOf(flag, value)).toThrow()
  })

  it.each([
    ['nothing', ''],
    ['no YAML', 'a: [b'],
    ['no list', 'resources: {}'],
    ['two documents', '- name: a\n---\n- name: b\n'],
  ])('refuses a file of hooks with %s in it', (_what, text) => {
    const file = join(dir, 'bad.yaml')
    writeFileSync(file, text)
    expect(() => specOf('--hooks-file', file)).toThrow(/bad\.yaml/)
  })
})

describe('a label selector', () => {
  it.each([
    ['app=web', { matchLabels: { app: 'web' } }],
    ['app==web', { matchLabels: { app: 'web' } }],
    ['app = web', { matchLabels: { app: 'web' } }],
    ['app=', { matchLabels: { app: '' } }],
    ['a=b,example.com/c=d', { matchLabels: { a: 'b', 'example.com/c': 'd' } }],
    ['app!=web', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }],
    ['app', { matchExpressions: [{ key: 'app', operator: 'Exists' }] }],
    ['!app', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }],
    [
      'app notin (a, b),c=d',
      {
        matchLabels: { c: 'd' },
        matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a', 'b'] }],
      },
    ],
  ])('reads %s', (text, selector) => {
    expect(parseSelector(text)).toEqual(selector)
  })

  it.each(['', ',', 'a=b=c', 'a b', '-a=b', 'a in b', 'a>1', `a=${'x'.repeat(64)}`])('refuses "%s"', (text) => {
    expect(() => parseSelector(text)).toThrow()
  })
})
