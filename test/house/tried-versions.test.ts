import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { tools } from '../../devstack/tools/tools.ts'
import { kubernetesVersions, temporalServer } from '../../devstack/tools/versions.ts'

const read = (path: string) => readFileSync(path, 'utf8')

it('the README names the versions that the tests run, and those that `npm run test:versions` tries', () => {
  const [, table = ''] = /## Versions it was tried with\n([^#]*)/.exec(read('README.md')) ?? []
  const { devDependencies, dependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
  const node = dependencies?.['node'] ?? devDependencies?.['node'] ?? ''
  const kubernetes = Object.keys(kubernetesVersions)
  for (const version of [...kubernetes, tools.velero.version, tools.temporal.version, temporalServer, node]) {
    expect(version).toMatch(/^v?\d+\.\d+\.\d+$/)
    expect(table).toContain(version)
  }
  const badges =
    read('README.md')
      .split('\n\n')
      .find((text) => text.includes('img.shields.io')) ?? ''
  for (const version of [tools.velero.version, ...kubernetes]) expect(badges).toContain(version)
})

it('the badges of the README name the licence and the oldest Node of the package', () => {
  const { license, engines } = JSON.parse(read('package.json')) as { license: string; engines: { node: string } }
  const [, oldest = ''] = /^>=(\d+\.\d+)\.\d+$/.exec(engines.node) ?? []
  expect(read('README.md')).toContain(`badge/license-${license.replace('-', '--')}-`)
  expect(read('README.md')).toContain(`badge/node-%3E%3D${oldest}-`)
})
