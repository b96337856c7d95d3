import { expect, it } from 'vitest'
import { createMetrics, waitClassOf } from '../../../infra/metrics/worker-metrics.ts'

it.each([
  ['namespace shop to go away, for another 30 s', 'namespace'],
  ['worker host-1 may still be writing; its Lease expires in 9 s', 'lease'],
  ['the archive backups/shop/shop.tar.gz: 10 bytes read', 'archive'],
  ['bucket', 'bucket'],
  ['lock', 'lock'],
  ['waiting for Restore velero/other, which restores into namespace shop', 'lock'],
  ['Restore velero/volume-1, which is before it in the line for namespace shop', 'lock'],
  ['one of the 5 restores that may run at once to end', 'lock'],
  ['its turn to restore into its namespaces again', 'lock'],
  ['the location that was returned: bucket', 'bucket'],
  ['something nobody thought of', 'other'],
  ['waiting for 1 of 2 operations: shop/worker (DataDownload a is New: no node agent has taken it yet)', 'operation'],
  ['waiting for hooks in pod shop/lock, which is not scheduled', 'hook'],
  ['waiting for container bucket of pod shop/web (hooks of 1 pods)', 'hook'],
  ['waiting for CRD locks.example.com to be established: NamesAccepted is False: taken', 'crd'],
])('the wait "%s" is counted as %s', (reason, expected) => {
  expect(waitClassOf(reason)).toBe(expected)
})

it('a restore with several activities at once counts once', async () => {
  const metrics = createMetrics({ namespace: 'velero' })
  const ends = [metrics.restoreBegan('a'), metrics.restoreBegan('a'), metrics.restoreBegan('b')]
  expect(await metrics.text()).toContain('drydock_restores_running 2\n')
  ends[0]!()
  expect(await metrics.text()).toContain('drydock_restores_running 2\n')
  ends[1]!()
  expect(await metrics.text()).toContain('drydock_restores_running 1\n')
})

it('names of what is waited for become no label', async () => {
  const metrics = createMetrics({ namespace: 'velero' })
  metrics.waited('namespace top-secret-project to go away', 2.5)
  const text = await metrics.text()
  expect(text).toContain('drydock_wait_seconds_total{reason="namespace"} 2.5')
  expect(text).not.toContain('top-secret')
})

it('the counters of a schedule begin at 0 with its first Restore, so that the first failure is an increase', async () => {
  const { meter, scheduleSeen, text } = createMetrics({ namespace: 'velero' })
  const ofNightly = async () =>
    [...(await text()).matchAll(/^velero_restore_(\w+)_total\{schedule="nightly"\} (\d+)$/gm)].map(
      ([, name, value]) => `${name} ${value}`,
    )
  expect(await ofNightly()).toEqual([])
  scheduleSeen('nightly')
  const others = ['attempt 0', 'validation_failed 0', 'partial_failure 0', 'success 0']
  expect((await ofNightly()).toSorted()).toEqual([...others, 'failed 0'].toSorted())
  meter.restoreEnded('Failed', 'nightly')
  scheduleSeen('nightly')
  expect((await ofNightly()).toSorted()).toEqual([...others, 'failed 1'].toSorted())
})

it('no more than 500 schedules begin at 0, and each one is counted', async () => {
  const { meter, scheduleSeen, text } = createMetrics({ namespace: 'velero' })
  for (let index = 0; index < 600; index++) scheduleSeen(`s${index}`)
  meter.restoreEnded('Failed', 's599')
  const shown = await text()
  expect(shown.match(/^velero_restore_failed_total\{.*\} 0$/gm)).toHaveLength(500)
  expect(shown).toContain('velero_restore_failed_total{schedule="s599"} 1')
})

it('waits begin at 0, so that the first one on a worker is an increase', async () => {
  const text = await createMetrics({ namespace: 'velero' }).text()
  expect(text).toContain('drydock_wait_seconds_total{reason="lock"} 0')
  expect(text).toContain('drydock_wait_seconds_total{reason="bucket"} 0')
})

it('restores are counted under the names of Velero, by schedule', async () => {
  const { meter, text } = createMetrics({ namespace: 'velero' })
  meter.restoreAttempted('nightly')
  meter.restoreEnded('PartiallyFailed', 'nightly')
  meter.restoreEnded('Completed', '')
  const shown = await text()
  expect(shown).toContain('velero_restore_attempt_total{schedule="nightly"} 1')
  expect(shown).toContain('velero_restore_partial_failure_total{schedule="nightly"} 1')
  expect(shown).toContain('velero_restore_success_total{schedule=""} 1')
  expect(shown).toContain('velero_restore_failed_total{schedule=""} 0')
})

it('drills of one name in two Velero namespaces are series apart', async () => {
  const texts = ['velero', 'backup'].map(async (namespace) => {
    const metrics = createMetrics({ namespace })
    metrics.setDrills([{ drill: 'nightly', createdAt: 1, paused: false, lastOk: true }])
    metrics.meter.drillEnded('nightly', false)
    return (await metrics.text()).split('\n').filter((line) => line.startsWith('drydock_drill_'))
  })
  const [one = [], other = []] = await Promise.all(texts)
  expect(one).toContain('drydock_drill_failures_total{velero_namespace="velero",drill="nightly"} 1')
  expect(one.filter((line) => other.includes(line))).toEqual([])
})
