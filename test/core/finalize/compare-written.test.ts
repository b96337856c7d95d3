import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareWritten } from '../../../core/finalize/compare-written.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const at = { groupResource: 'deployments.apps', writtenAt: '2026-01-01T00:00:10Z' }
const deployment = (spec: object, metadata: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec,
})
const containers = (...list: object[]) => ({ template: { spec: { containers: list } } })

describe('the comparison of a live object with what was written', () => {
  it('an object equals itself, whatever others add', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.stringMatching(/^zz/), fc.jsonValue()),
        (spec, more) => {
          expect(compareWritten(deployment(spec), deployment({ ...more, ...spec }), at)).toEqual([])
        },
      ),
    )
  })

  it('names the field that differs, with the item of its list', () => {
    const written = deployment(containers({ name: 'app', image: 'a:1' }, { name: 'side', image: 'b:1' }))
    const live = deployment(
      containers(
        { name: 'injected', image: 'c' },
        { name: 'side', image: 'b:2' },
        { name: 'app', image: 'a:1', tty: true },
      ),
    )
    expect(compareWritten(written, live, at)).toEqual(['spec.template.spec.containers[side].image'])
  })

  it('sees labels that are gone, and takes empty fields for absent ones', () => {
    const written = deployment({ paused: false, args: [] }, { labels: { 'a/b': '1', c: '2' } })
    expect(compareWritten(written, deployment({}, { labels: { c: '2' } }), at)).toEqual(['metadata.labels["a/b"]'])
  })

  it('never quotes a value', () => {
    const secret = (password: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { password },
    })
    expect(compareWritten(secret('b25l'), secret('dHdv'), { ...at, groupResource: 'secrets' })).toEqual([
      'data.password',
    ])
  })

  it('leaves out what server and controllers own', () => {
    const service = (clusterIP: string, nodePort: number): Manifest => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { clusterIP, ports: [{ name: 'http', port: 80, nodePort }] },
    })
    expect(compareWritten(service('1', 1), service('2', 2), { ...at, groupResource: 'services' })).toEqual([])
    const annotations = (revision: string) => ({ annotations: { 'deployment.kubernetes.io/revision': revision } })
    expect(compareWritten(deployment({}, annotations('3')), deployment({}, annotations('1')), at)).toEqual([])
  })

  it.each([
    ['kube-controller-manager', '2026-01-01T00:00:20Z', []],
    ['kube-controller-manager', '2025-01-01T00:00:00Z', ['spec.replicas']],
    ['kubectl-edit', '2026-01-01T00:00:20Z', ['spec.replicas']],
  ])('a field that %s has written at %s', (manager, time, expected) => {
    const managedFields = [{ manager, time, fieldsV1: { 'f:spec': { 'f:replicas': {} } } }]
    expect(compareWritten(deployment({ replicas: 3 }), deployment({ replicas: 5 }, { managedFields }), at)).toEqual(
      expected,
    )
  })

  it('a field that the create of the restore has given to an operator, in whose name it was made', () => {
    const creationTimestamp = '2026-01-01T00:00:10Z'
    const compared = (fieldsV1: object, time: string) =>
      compareWritten(
        deployment({ replicas: 3 }),
        deployment(
          { replicas: 5 },
          { creationTimestamp, managedFields: [{ manager: 'shop-operator', time, fieldsV1 }] },
        ),
        at,
      )
    const posted = {
      'f:metadata': { 'f:labels': { 'f:velero.io/restore-name': {} } },
      'f:spec': { 'f:replicas': {} },
    }
    expect(compared(posted, creationTimestamp)).toEqual(['spec.replicas'])
    expect(compared(posted, '2026-01-01T00:00:20Z')).toEqual([])
    expect(compared({ 'f:spec': { 'f:replicas': {} } }, creationTimestamp)).toEqual([])
  })
})
