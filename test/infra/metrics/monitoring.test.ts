import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../../infra/metrics/worker-metrics.ts'
import { waitClassOf } from '../../../infra/metrics/wait-class.ts'

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[] }[]
}
interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[]
}

const rules = (parse(readFileSync('deploy/monitoring/rules.yaml', 'utf8')) as Rules).groups.flatMap((one) => one.rules)
const { panels } = JSON.parse(readFileSync('deploy/monitoring/dashboard.json', 'utf8')) as Dashboard
const expressions = [...rules.map(({ expr }) => expr), ...panels.flatMap((one) => one.targets.map(({ expr }) => expr))]

/** What Prometheus reads of a worker, once each metric has a value. */
async function series(): Promise<Map<string, ReadonlySet<string>>> {
  const metrics = createMetrics()
  metrics.meter.restoreAttempted('daily')
  metrics.meter.itemsDone('pods', [{ action: 'created', messages: [] }])
  metrics.requestDone('GET', 200, 0.1)
  metrics.waited('the bucket', 1)
  metrics.setDrills([{ drill: 'nightly', createdAt: 1, paused: false, lastOk: true, lastSuccessAt: 2, lastSeconds: 3 }])
  metrics.attemptFailed('restoreChunk', 'Waiting')
  const found = new Map<string, ReadonlySet<string>>()
  for (const [, name = '', labels = ''] of (await metrics.text()).matchAll(/^([a-z_]+)(?:\{(.*)\})? /gm))
    found.set(name, new Set([...labels.matchAll(/([a-z]+)="/g)].map(([, label = '']) => label)))
  return found
}

/** Words of PromQL. */
const language = /\b(?:sum|max|by|rate|increase|topk|histogram_quantile|time|and|unless)\b/g

it('alerts and dashboard ask for metrics and labels that a worker has', async () => {
  const known = await series()
  expect(expressions.length).toBeGreaterThan(15)
  const unknown = expressions.flatMap((expr) => {
    const bare = expr.replaceAll(/"[^"]*"|\[[^\]]*\]/g, '')
    const labels = [...bare.matchAll(/by \(([^)]*)\)|\{(\w+)=/g)].flatMap(([, by = '', equal = '']) => [
      ...by.split(', '),
      equal,
    ])
    const names = [
      ...bare
        .replaceAll(/by \([^)]*\)|\{[^}]*\}/g, '')
        .replaceAll(language, '')
        .matchAll(/[a-z]\w+/g),
    ]
    const has = names.map(([name]) => known.get(name))
    if (has.length === 0 || has.includes(undefined)) return [`${expr}: no metric`]
    return labels
      .filter((label) => label !== '' && has.some((of) => of?.has(label) !== true))
      .map((label) => `${expr}: no label ${label}`)
  })
  expect(unknown).toEqual([])
})

it('alerts name reasons of waits that are counted, and brackets are closed', () => {
  const reasons = expressions.flatMap((expr) => [...expr.matchAll(/reason="(\w+)"/g)].map(([, reason]) => reason))
  expect(reasons).toEqual(['bucket', 'lock'])
  expect(waitClassOf('the bucket, to store the results')).toBe('bucket')
  expect(waitClassOf('PVC shop/hook to be deleted')).toBe('volume')
  for (const expr of expressions)
    for (const [open, close] of [
      ['(', ')'],
      ['[', ']'],
      ['{', '}'],
    ] as const)
      expect(expr.split(open).length, expr).toBe(expr.split(close).length)
})

it('each alert says what it is about and what to do', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const { annotations } of rules) {
    expect(annotations.summary).not.toBe('')
    expect(annotations.description).toMatch(/\.$/)
  }
})
