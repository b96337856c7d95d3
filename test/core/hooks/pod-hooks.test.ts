import { describe, expect, it } from 'vitest'
import { podHooks } from '../../../core/hooks/pod-hooks.ts'
import type { RestoreResourceHookSpec } from '../../../velero/restore.ts'

const pod = (annotations: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', annotations, labels },
  spec: { containers: [{ name: 'app' }, { name: 'side' }] },
})
const annotated = (fields: Record<string, string>) =>
  podHooks(
    pod(
      Object.fromEntries(Object.entries(fields).map(([key, value]) => [`post.hook.restore.velero.io/${key}`, value])),
    ),
    [],
  )?.hooks[0]
const spec = (more: Partial<RestoreResourceHookSpec> = {}): RestoreResourceHookSpec => ({
  name: 'migrate',
  postHooks: [
    { exec: { command: ['one'] } },
    { init: {} },
    { exec: { command: ['two'], container: 'side', execTimeout: '5s' } },
  ],
  ...more,
})

describe('the exec hooks of a pod', () => {
  it('a pod without any has none', () => {
    expect(podHooks(pod(), [])).toBeUndefined()
    expect(
      podHooks({ ...pod({ 'post.hook.restore.velero.io/command': 'x' }), spec: { containers: [] } }, []),
    ).toBeUndefined()
  })

  it('reads all annotations, with the first container as the default', () => {
    expect(
      annotated({
        command: '["sh","-c",null]',
        'on-error': 'Fail',
        'exec-timeout': '5s',
        'wait-timeout': '1m',
        'wait-for-ready': 'T',
      }),
    ).toEqual({
      name: '<from-annotation>',
      source: 'annotation',
      container: 'app',
      command: ['sh', '-c', ''],
      onError: 'Fail',
      execTimeoutMs: 5000,
      waitTimeoutMs: 60_000,
      waitForReady: true,
    })
  })

  it('ignores values of annotations that cannot be read, as Velero does', () => {
    expect(
      annotated({ command: '[broken', 'on-error': 'maybe', 'exec-timeout': 'soon', 'wait-for-ready': 'yes' }),
    ).toMatchObject({
      command: ['[broken'],
      onError: '',
      execTimeoutMs: 0,
      waitForReady: false,
    })
  })

  it('the annotation wins over the spec altogether', () => {
    const hooks = podHooks(pod({ 'post.hook.restore.velero.io/command': 'x' }), [spec()])
    expect(hooks?.hooks.map(({ name }) => name)).toEqual(['<from-annotation>'])
  })

  it('takes the exec hooks of every matching spec, in order', () => {
    const hooks = podHooks(pod(), [spec(), spec({ name: 'second' })])
    expect(
      hooks?.hooks.map(({ name, container, command, execTimeoutMs }) => [name, container, command[0], execTimeoutMs]),
    ).toEqual([
      ['migrate', 'app', 'one', 0],
      ['migrate', 'side', 'two', 5000],
      ['second', 'app', 'one', 0],
      ['second', 'side', 'two', 5000],
    ])
    expect(hooks).toMatchObject({ namespace: 'shop', name: 'web', uid: 'u1', containers: ['app', 'side'] })
  })

  it.each([
    [{ includedNamespaces: ['sh*'] }, true],
    [{ excludedNamespaces: ['shop'] }, false],
    [{ labelSelector: { matchLabels: { app: 'web' } } }, true],
    [{ labelSelector: { matchLabels: { app: 'db' } } }, false],
    [{ excludedResources: ['pods'] }, true],
  ])('a spec with %j applies: %s', (more, applies) => {
    expect(podHooks(pod({}, { app: 'web' }), [spec(more)]) !== undefined).toBe(applies)
  })
})
