import { expect, test } from 'vitest'
import { lookUpOperation } from '../../../core/operations/look-up-operation.ts'
import { aDownload, anOperation } from './operations.ts'

const operation = anOperation('op')

test('a DataDownload is found by its label, whatever its name', () => {
  const found = lookUpOperation(operation, [aDownload('other'), aDownload('op')])
  expect(found).toEqual({ seen: 'not started', name: 'dd-op' })
})

test.each([
  [[], "didn't find DataDownload"],
  [[aDownload('op'), aDownload('op')], 'find multiple DataDownloads'],
])('none or two of them cannot be looked at', (downloads, error) => {
  expect(lookUpOperation(operation, downloads)).toEqual({ seen: 'unavailable', error })
})

test('figures and times are read as Velero reads them', () => {
  const status = {
    phase: 'InProgress',
    startTimestamp: '2026-11-24T10:00:05Z',
    progress: { bytesDone: 3, totalBytes: 9 },
  }
  expect(lookUpOperation(operation, [aDownload('op', status)])).toEqual({
    seen: 'progress',
    name: 'dd-op',
    description: 'InProgress',
    nCompleted: 3,
    nTotal: 9,
    started: '2026-11-24T10:00:05Z',
  })
})

test.each([
  [{ phase: 'Completed' }, ''],
  [{ phase: 'Canceled', message: 'whatever' }, 'DataDownload dd-op of claim app/op is canceled: whatever'],
  [{ phase: 'Canceled' }, 'DataDownload dd-op of claim app/op is canceled'],
  [{ phase: 'Failed', message: 'no space' }, 'no space'],
  [{ phase: 'Failed' }, 'DataDownload failed without a message'],
])('%j ends it', (status, error) => {
  expect(lookUpOperation(operation, [aDownload('op', status)])).toMatchObject({ end: { error } })
})

test.each(['Accepted', 'Prepared', 'InProgress', 'Canceling'])('%s goes on', (phase) => {
  expect(lookUpOperation(operation, [aDownload('op', { phase })])).not.toHaveProperty('end')
})

test('figures of another type count as none', () => {
  const status = { phase: 'InProgress', progress: { bytesDone: 'many' } }
  expect(lookUpOperation(operation, [aDownload('op', status)])).toMatchObject({ nCompleted: 0, nTotal: 0 })
})

test('an operation of a plugin that is not here has nobody to follow it', () => {
  const foreign = { ...operation, spec: { ...operation.spec, restoreItemAction: 'example.com/mover' } }
  expect(lookUpOperation(foreign, [])).toEqual({
    seen: 'unsupported',
    error: 'the operation of plugin example.com/mover cannot be followed: Drydock does not run this plugin',
  })
})
