import { describe, expect, it } from 'vitest'
import { changedFields } from '../../../core/preview/changed-fields.ts'
import { comparedSentence, differencesFromPlan, parseFromPlan } from '../../../core/preview/compare-with-plan.ts'
import { existingNotes } from '../../../core/preview/plan-notes.ts'
import { planLine, whyStale } from '../../../core/preview/plan-file.ts'
import type { PlanFile } from '../../../core/preview/plan-file.ts'
import { annotationFaults } from '../../../core/asked/annotations.ts'
import { verdictOf } from '../../../core/preview/verdict.ts'
import { error, warning } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { tallyOf } from '../../../core/results/tally.ts'

const outcome = (more: Partial<Outcome> = {}, name = 'a'): Outcome => ({
  key: `configmaps|shop|${name}`,
  listed: { kind: 'v1/ConfigMap', name: `shop/${name}` },
  messages: [],
  at: '2026-01-01T00:00:00Z',
  ...more,
})
const refused = [error('namespace:shop', 'error restoring configmaps/shop/a: no')]
const differs = [warning('namespace:shop', 'could not restore, it is different')]

describe('the verdict about an item', () => {
  it.each([
    ['create', { action: 'created' }],
    ['update', { action: 'updated', finding: { stands: true } }],
    ['recreate', { action: 'created', finding: { stands: true, recreates: true } }],
    ['rejected', { action: 'failed', messages: refused, finding: { stands: true, recreates: true } }],
    ['skip', { action: 'skipped', finding: { stands: true } }],
    ['conflict', { action: 'failed', messages: differs, finding: { stands: true } }],
    ['conflict', { action: 'skipped', messages: differs, finding: { stands: true } }],
    ['rejected', { action: 'failed', messages: differs, finding: { stands: true, refused: true } }],
    ['rejected', { action: 'failed', messages: refused }],
    ['rejected', { messages: refused }],
    ['not-here', { action: 'failed', messages: refused, finding: { kindMissing: true } }],
    ['left-out', { because: 'it has completed' }],
    ['skip', { key: 'namespaces||shop' }],
  ] as const)('is %s for %o', (verdict, parts) => {
    expect(verdictOf(outcome(parts as Partial<Outcome>))).toBe(verdict)
  })
})

describe('objects of a plan that exist and must not', () => {
  it('are counted in a sentence about the whole', () => {
    const says = error(
      'namespace:shop',
      'could not restore, ConfigMap "a" already exists, and annotation drydock.io/existing says fail',
    )
    const found = [outcome({ messages: [says] }), outcome({ action: 'created' }, 'b')]
    expect(existingNotes(tallyOf(found))).toEqual([
      'The restore would end before it writes: 1 object exists (v1/ConfigMap shop/a) and must not',
    ])
    expect(existingNotes(tallyOf([outcome({ action: 'created' }, 'b')]))).toEqual([])
  })
})

describe('the fields of a change', () => {
  it('are paths without values, and without what each change sets', () => {
    const labels = { 'velero.io/restore-name': 'r', 'velero.io/backup-name': 'b', 'app.kubernetes.io/name': 'web' }
    const patch = { metadata: { labels, uid: 'u', resourceVersion: '1' }, data: { token: 'c2VjcmV0' }, spec: null }
    expect(changedFields(patch)).toEqual(['data.token', 'metadata.labels[app.kubernetes.io/name]', 'spec'])
  })

  it('are cut where they are many', () => {
    const data = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`key${index}`, '']))
    expect(changedFields({ data }).at(-1)).toBe('and 10 more')
  })
})

describe('a restore that carries out a plan', () => {
  const lines = [
    outcome({ action: 'created' }),
    outcome({ action: 'skipped' }, 'b'),
    outcome({ action: 'created' }, 'c'),
  ]
  const plan = { items: lines.flatMap((one) => planLine(one) ?? []) }

  it('tells each item that came out otherwise, and those that only one of them has', () => {
    const tally = tallyOf([
      outcome({ action: 'created' }),
      outcome({ action: 'failed', messages: refused }, 'b'),
      outcome({ action: 'created' }, 'd'),
    ])
    expect(differencesFromPlan(tally, plan)).toEqual([
      'v1/ConfigMap shop/b: planned as skipped, came out as failed (error restoring configmaps/shop/a: no)',
      'v1/ConfigMap shop/c: planned as created, and not restored',
      'v1/ConfigMap shop/d: not in the plan, created',
    ])
    expect(differencesFromPlan(tallyOf(lines), plan)).toEqual([])
    expect(comparedSentence('p', 3, 0)).toBe('All 3 items came out as plan p said')
    expect(comparedSentence('p', 3, 1)).toBe('1 of 3 items came out otherwise than plan p said')
  })

  it('names its plan', () => {
    expect(parseFromPlan('shop-plan/uid-1')).toEqual({ name: 'shop-plan', uid: 'uid-1' })
    expect(parseFromPlan('shop-plan')).toBeUndefined()
  })
})

describe('a plan', () => {
  const backup = { name: 'shop', uid: 'b1', completedAt: '2026-01-01T00:00:00Z' }
  const cluster = { id: 'c1', kinds: 'k1' }
  const file: PlanFile = {
    version: 1,
    plan: { name: 'p', namespace: 'velero', uid: 'p1', madeAt: '2026-01-02T00:00:00Z' },
    backup,
    etag: 'e',
    cluster,
    counts: {},
    notes: [],
    items: [],
  }

  it.each([
    [undefined, { backup, cluster }],
    ['plan p was made for another cluster: make a new plan', { backup, cluster: { ...cluster, id: 'c2' } }],
    ['plan p is of backup shop, which is gone: make a new plan', { backup: undefined, cluster }],
    [
      'backup shop was made again since plan p of 2026-01-02T00:00:00Z: make a new plan',
      { backup: { ...backup, completedAt: '2026-01-03T00:00:00Z' }, cluster },
    ],
    [
      'the cluster serves other kinds or versions since plan p of 2026-01-02T00:00:00Z: make a new plan',
      { backup, cluster: { ...cluster, kinds: 'k2' } },
    ],
  ])('is stale: %s', (sentence, now) => {
    expect(whyStale(file, now)).toBe(sentence)
  })

  it('that is asked for in another word is refused, since a restore would begin', () => {
    expect(annotationFaults({ 'drydock.io/plan': 'yes' })).toEqual([
      'annotation drydock.io/plan is "yes": it may be "true" or "false"',
    ])
    expect(annotationFaults({ 'drydock.io/plan': 'True' })).toEqual([])
    expect(annotationFaults({})).toEqual([])
  })
})
