import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createMetrics, waitClassOf } from '../../../infra/metrics/worker-metrics.ts'
import { checkMonitoring } from './check-monitoring.ts'
import type { CheckedMonitoring } from './check-monitoring.ts'

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[] }[]
}

const rules = (parse(readFileSync('deploy/monitoring/rules.yaml', 'utf8')) as Rules).groups.flatMap((one) => one.rules)
let checked: CheckedMonitoring

beforeAll(async () => {
  checked = await checkMonitoring()
})

/** What Prometheus reads of a worker, once each metric has a value. */
async function series(): Promise<Map<string, ReadonlySet<string>>> {
  const metrics = createMetrics({ namespace: 'velero' })
  metrics.meter.restoreAttempted('daily')
  metrics.meter.itemsDone('pods', [{ action: 'created', messages: [] }])
  metrics.requestDone('GET', 200, 0.1)
  metrics.waited('the bucket', 1)
  metrics.setDrills([{ drill: 'nightly', createdAt: 1, paused: false, lastOk: true, lastSuccessAt: 2, lastSeconds: 3 }])
  metrics.attemptFailed('restoreChunk', 'Waiting')
  const found = new Map<string, ReadonlySet<string>>()
  for (const [, name = '', labels = ''] of (await metrics.text()).matchAll(/^([a-z_]+)(?:\{(.*)\})? /gm))
    found.set(name, new Set([...labels.matchAll(/([a-z_]+)="/g)].map(([, label = '']) => label)))
  return found
}

it('alerts and dashboard are taken by the parser of Prometheus', async () => {
  expect(checked.faults).toEqual([])
  expect(checked.rules).toBe(rules.length)
  const { faults } = await checkMonitoring(['rate(velero_restore_total)', 'sum('])
  expect(faults).toHaveLength(2)
})

it('alerts and dashboard ask for metrics and labels that a worker has', async () => {
  const known = await series()
  expect(checked.expressions.length).toBeGreaterThan(15)
  const unknown = checked.expressions.flatMap(({ text, selectors, by }) =>
    selectors.flatMap(({ metric, labels }) => {
      const has = known.get(metric)
      if (has === undefined) return [`${text}: no metric ${metric}`]
      return [...labels, ...by].filter((label) => !has.has(label)).map((label) => `${text}: no label ${label}`)
    }),
  )
  expect(unknown).toEqual([])
})

it('alerts name reasons of waits that are counted', () => {
  const texts = checked.expressions.map(({ text }) => text)
  const reasons = texts.flatMap((expr) => [...expr.matchAll(/reason="(\w+)"/g)].map(([, reason]) => reason))
  expect(reasons).toEqual(['bucket', 'lock'])
  expect(waitClassOf('the bucket, to store the results')).toBe('bucket')
  expect(waitClassOf('PVC shop/hook to be deleted')).toBe('volume')
})

it('each alert says what it is about and what to do', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const { annotations } of rules) {
    expect(annotations.summary).not.toBe('')
    expect(annotations.description).toMatch(/\.$/)
  }
})
