import { describe, expect, it } from 'vitest'
import { renderPlan } from '../../../client/show/render-plan.ts'
import type { PlanFile, PlanLine } from '../../../core/preview/plan-file.ts'
import { planPage } from '../../../core/preview/plan-page.ts'

const line = (name: string, parts: Partial<PlanLine>): PlanLine => ({
  key: `configmaps|shop|${name}`,
  kind: 'v1/ConfigMap',
  name: `shop/${name}`,
  verdict: 'create',
  as: 'created',
  ...parts,
})
const items: PlanLine[] = [
  line('new', {}),
  line('late', { dependsOn: 'namespaces shop' }),
  line('same', { verdict: 'skip', as: 'skipped' }),
  line('other', { verdict: 'update', as: 'updated', fields: ['data.a', 'data.b'] }),
  line('no', { verdict: 'rejected', as: 'failed', because: 'denied: <b>' }),
]
const file: PlanFile = {
  version: 1,
  plan: { name: 'p', namespace: 'velero', uid: 'u', madeAt: '2026-01-02T00:00:00Z' },
  backup: { name: 'shop' },
  etag: 'e',
  cluster: { id: 'c', kinds: 'k' },
  counts: { create: 2, skip: 1, update: 1, rejected: 1 },
  notes: ['quota shop/few has room for 1 more configmaps'],
  items,
}

describe('a plan on a terminal', () => {
  it('shows what a reader should look at, and says what it leaves out', () => {
    expect(renderPlan(file).split('\n')).toEqual([
      'Plan p of backup shop: 5 items: 2 create, 1 update, 1 rejected, 1 skip',
      'quota shop/few has room for 1 more configmaps',
      '',
      'VERDICT    KIND           NAME         NOTE',
      'create     v1/ConfigMap   shop/late    once there is namespaces shop',
      'update     v1/ConfigMap   shop/other   data.a, data.b',
      'rejected   v1/ConfigMap   shop/no      denied: <b>',
      '',
      '2 more would simply be created or stand there already; --all shows them',
    ])
  })

  it('shows all items where all are asked for', () => {
    expect(renderPlan(file, { all: true })).toMatch(/^skip +v1\/ConfigMap +shop\/same$/m)
  })
})

describe('a plan as a page', () => {
  it('has counts, notes and items, all escaped', () => {
    const page = planPage(file)
    expect(page).toContain('<title>Plan p</title>')
    expect(page).toContain('<td><bdi>shop/late</bdi></td>')
    expect(page).toContain('denied: &lt;b&gt;')
    expect(page).not.toContain('shop/same')
    expect(page).toContain("default-src 'none'")
    expect(page).not.toMatch(/https?:|<script/)
  })

  it('shows the first of very many items, and says how many more there are', () => {
    const many = Array.from({ length: 2005 }, (_, index) => line(`x-${index}`, { verdict: 'conflict', as: 'failed' }))
    const page = planPage({ ...file, items: many })
    expect(page.match(/<tr>/g)?.length).toBe(2000 + 2 + 4)
    expect(page).toContain('And 5 more, in the file of the plan.')
  })
})
