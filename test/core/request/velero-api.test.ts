import { describe, expect, it } from 'vitest'
import { servesFailedDownloads, veleroApiOf } from '../../../core/request/velero-api.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const aCrd = (properties: object): Manifest => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'any' },
  spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: { properties } } }] },
})

describe('the API that the CRD of Restores tells of', () => {
  it.each<[string, Manifest | undefined, string | undefined]>([
    ['the next one where it knows skipDefaultResourceModifier', restoreCrd('skipDefaultResourceModifier'), 'next'],
    ['that of v1.18 where it does not', restoreCrd('backupName'), undefined],
    ['that of v1.18 where there is no CRD', undefined, undefined],
    ['that of v1.18 where the CRD has no schema', { ...aCrd({}), spec: {} }, undefined],
  ])('is %s', (_is, crd, api) => {
    expect(veleroApiOf(crd)).toBe(api)
  })

  function restoreCrd(field: string): Manifest {
    return aCrd({ spec: { properties: { [field]: { type: 'string' } } } })
  }
})

describe('a DownloadRequest that has failed', () => {
  it.each([
    [['New', 'Processed', 'Failed'], true],
    [['New', 'Processed'], false],
    [undefined, false],
  ])('with the phases %j can be told: %s', (phases, isTold) => {
    const crd = aCrd({ status: { properties: { phase: phases === undefined ? {} : { enum: phases } } } })
    expect(servesFailedDownloads(crd)).toBe(isTold)
  })
})
