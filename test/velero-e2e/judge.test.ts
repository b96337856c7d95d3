import { describe, expect, it } from 'vitest'
import { judge, runReport } from './judge.ts'
import { labelFilter, nameSpecs } from './specs.ts'
import type { Expected, SpecReport } from './specs.ts'

const spec = (labels: string, text: string, more: Partial<SpecReport> = {}): SpecReport => ({
  LeafNodeType: 'It',
  LeafNodeText: 'runs',
  ContainerHierarchyTexts: text === '' ? [''] : [text],
  ContainerHierarchyLabels: [labels.split(' '), null],
  State: 'passed',
  RunTime: 2e9,
  ...more,
})

const expected: Expected[] = [
  { spec: 'Basic NodePort: ports stay / runs', group: 'objects', quick: true },
  { spec: 'Basic Restic: volumes come back / runs', group: 'file-system' },
  { spec: 'Scale: 2500 namespaces / runs', cannot: 'It takes an hour.' },
]
const ports = spec('Basic NodePort', 'ports stay')
const volumes = spec('Basic Restic', 'volumes come back', { State: 'skipped' })
const scale = spec('Scale', '2500 namespaces', { State: 'skipped' })
const asked = ['Basic NodePort: ports stay / runs']
const wrongOf = (reports: SpecReport[]) => judge(reports, expected, asked).flatMap(({ wrong }) => wrong ?? [])

describe('the names of specs', () => {
  it('are made of labels and texts', () => {
    expect([...nameSpecs([ports, spec('BackupVolumeInfo', '')]).keys()]).toEqual([
      'Basic NodePort: ports stay / runs',
      'BackupVolumeInfo: runs',
    ])
  })

  it('are numbered where several are alike', () => {
    expect([...nameSpecs([ports, ports, ports]).keys()].slice(1)).toEqual([
      'Basic NodePort: ports stay / runs (2)',
      'Basic NodePort: ports stay / runs (3)',
    ])
  })

  it('leave out what is no spec', () => {
    expect(nameSpecs([spec('', '', { LeafNodeType: 'BeforeSuite' })]).size).toBe(0)
  })
})

describe('a report of the suite', () => {
  it('is as expected where each spec that was asked for has passed', () => {
    expect(judge([ports, volumes, scale], expected, asked)).toEqual([{ spec: asked[0], seconds: 2 }])
  })

  it('is wrong where such a spec has failed, and the first lines of the failure are told', () => {
    const failed = spec('Basic NodePort', 'ports stay', { State: 'failed', Failure: { Message: 'no\n  port' } })
    expect(wrongOf([failed, volumes, scale])).toEqual(['failed: no port'])
  })

  it('is wrong where such a spec was skipped', () => {
    const skipped = spec('Basic NodePort', 'ports stay', { State: 'skipped', Failure: { Message: 'not here' } })
    expect(wrongOf([skipped, volumes, scale])).toEqual(['skipped: not here'])
  })

  it('is wrong where a spec passes that cannot run here', () => {
    const passed = spec('Scale', '2500 namespaces')
    expect(wrongOf([ports, volumes, passed])).toEqual(['passes, but expected.json says that it cannot run here'])
  })

  it('is wrong where the suite has a spec more, or one less', () => {
    const more = spec('Basic New', 'something new', { State: 'skipped' })
    expect(wrongOf([ports, volumes, more])).toEqual([
      'the suite has this spec, and expected.json does not',
      'expected.json has this spec, and the suite does not',
    ])
  })
})

it('verdicts count in CI as tests do', () => {
  const verdicts = [
    { spec: 'a', seconds: 2 },
    { spec: 'b', seconds: 3, wrong: 'failed: no port' },
  ]
  expect(runReport(verdicts)).toMatchObject({
    passed: 1,
    failed: 1,
    failures: [{ test: 'b', error: 'failed: no port' }],
    files: [{ seconds: 5 }],
  })
})

describe('the label filter', () => {
  const all = ['Basic Restic AdditionalBSL: a', 'Basic Restic RetainPV AdditionalBSL: b', 'Scale: c']

  it('leaves out a spec that has the labels of a wanted one and more', () => {
    expect(labelFilter([all[0]!], all)).toBe('(Basic && Restic && AdditionalBSL && !RetainPV)')
  })

  it('has one term for specs of the same labels', () => {
    expect(labelFilter(['Scale: c', 'Scale: d', all[1]!], [...all, 'Scale: d'])).toBe(
      '(Scale) || (Basic && Restic && RetainPV && AdditionalBSL)',
    )
  })
})
