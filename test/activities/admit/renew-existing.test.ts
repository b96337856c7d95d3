import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { annotate, annotationsOf, denying, newWorld, retried } from './retrying.ts'
import { runRestore } from './whole-restore.ts'

describe('the policies for objects that exist, of a retry', () => {
  it.each([
    ['cm=none,gizmos.example.com=fail', { configmaps: 'none', 'gizmos.example.com': 'fail' }],
    ['configmaps=recreate', { configmaps: 'recreate' }],
  ])('are as the annotation says now: %s', async (now, policies) => {
    const world = await newWorld()
    annotate(world, { 'drydock.io/existing': 'configmaps=recreate' })
    await runRestore(world, { around: denying('gizmos') })
    annotate(world, { 'drydock.io/existing': now })
    await retried(world)
    const key = [...world.buckets.objects('backups').keys()].find((one) => one.endsWith('/runs/2/plan.json.gz')) ?? ''
    const body = world.buckets.objects('backups').get(key) ?? Buffer.of()
    const { content } = JSON.parse(gunzipSync(body).toString('utf8')) as {
      content: { existing: { resource: string; policy: string }[] }
    }
    expect(Object.fromEntries(content.existing.map(({ resource, policy }) => [resource, policy]))).toEqual(policies)
  })

  it.each([
    ['replace', /^cannot be retried: annotation drydock\.io\/existing is "replace": it takes a policy/],
    ['widgets=fail', /^cannot be retried: annotation drydock\.io\/existing cannot be followed: it names "widgets"/],
  ])('refuse it where they cannot be followed: %s', async (policy, sentence) => {
    const world = await newWorld()
    await runRestore(world, { around: denying('gizmos') })
    annotate(world, { 'drydock.io/existing': policy })
    expect((await retried(world)).admission).toEqual({ do: 'over', phase: 'PartiallyFailed' })
    expect(annotationsOf(world)['drydock.io/retry-refused']).toMatch(sentence)
  })
})
