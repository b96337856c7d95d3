import { describe, expect, it } from 'vitest'
import { nextHook } from '../../../core/hooks/next-hook.ts'
import type { HookResult, HookFacts } from '../../../core/hooks/next-hook.ts'
import type { ExecHook, PodHooks } from '../../../core/hooks/pod-hooks.ts'

const hook = (more: Partial<ExecHook> = {}): ExecHook => ({
  name: 'h',
  source: 'spec',
  container: 'app',
  command: ['x'],
  onError: '',
  execTimeoutMs: 0,
  waitTimeoutMs: 0,
  waitForReady: false,
  ...more,
})
const registered = (...hooks: ExecHook[]): PodHooks => ({
  namespace: 'shop',
  name: 'web',
  uid: 'u1',
  containers: ['app', 'side'],
  hooks,
})
const live = (containers: Record<string, { running?: boolean; ready?: boolean }>, phase = 'Running') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop' },
  status: {
    phase,
    containerStatuses: Object.entries(containers).map(([name, { running, ready }]) => ({
      name,
      ready: ready ?? false,
      state: running ? { running: {} } : { waiting: {} },
    })),
  },
})
const running = live({ app: { running: true }, side: { running: true } })
const sight = (more: Partial<HookFacts> = {}): HookFacts => ({
  pod: running,
  results: new Map(),
  nowMs: Date.parse('2026-01-02T03:04:05Z'),
  waitedMs: 0,
  isOver: false,
  ...more,
})
const results = (...entries: [number, string][]): Map<number, HookResult> =>
  new Map(entries.map(([index, problem]) => [index, { problem }]))
const problems = (step: ReturnType<typeof nextHook>) =>
  step.do === 'settle' ? step.results.map(({ problem }) => problem) : []

describe('the next step for the hooks of a pod', () => {
  it('runs one after another and is done in the end', () => {
    const pod = registered(hook({ name: 'a' }), hook({ name: 'b' }))
    expect(nextHook(pod, sight())).toMatchObject({ do: 'run', index: 0 })
    expect(nextHook(pod, sight({ results: results([0, '']) }))).toMatchObject({ do: 'run', index: 1 })
    expect(nextHook(pod, sight({ results: results([0, ''], [1, '']) }))).toEqual({ do: 'done' })
  })

  it('waits until the container runs, or is ready where a hook of the container asks for it', () => {
    const pod = registered(hook(), hook({ waitForReady: true }), hook({ container: 'side' }))
    expect(nextHook(pod, sight({ pod: live({ app: { running: true } }) }))).toMatchObject({ do: 'wait' })
    expect(nextHook(pod, sight({ pod: live({ app: { ready: true } }) }))).toMatchObject({ do: 'run', index: 0 })
    expect(nextHook(pod, sight({ pod: live({ side: { running: true } }) }))).toMatchObject({ do: 'run', index: 2 })
  })

  it('after a failure it goes on, unless the hook says Fail', () => {
    const goesOn = registered(hook({ onError: 'Continue' }), hook(), hook())
    expect(nextHook(goesOn, sight({ results: results([0, 'bad'], [1, 'bad']) }))).toMatchObject({ do: 'run', index: 2 })
    const stops = registered(hook({ onError: 'Fail' }), hook({ name: 'late' }))
    expect(problems(nextHook(stops, sight({ results: results([0, 'bad']) })))).toEqual([
      'hook late in container app in pod shop/web not executed: context canceled',
    ])
  })

  it('a hook for a container that is not there fails alone', () => {
    const pod = registered(hook({ container: 'nowhere' }), hook())
    const step = nextHook(pod, sight())
    expect(problems(step)).toEqual([
      'hook h in container nowhere in pod shop/web not executed: the pod has no container nowhere',
    ])
    expect(nextHook(pod, sight({ results: results([0, 'bad']) }))).toMatchObject({ do: 'run', index: 1 })
  })

  it.each([
    ['gone', undefined],
    ['at its end', live({}, 'Succeeded')],
    ['broken', live({}, 'Failed')],
  ])('a pod that is %s runs no more hooks', (_, pod) => {
    expect(problems(nextHook(registered(hook()), sight({ pod })))).toEqual([
      'hook h in container app in pod shop/web not executed: context canceled',
    ])
  })

  it('waits as long as the most patient hook, or without end where one sets no time', () => {
    const down = live({})
    const bounded = registered(hook({ waitTimeoutMs: 1000 }), hook({ waitTimeoutMs: 3000 }))
    expect(nextHook(bounded, sight({ pod: down, waitedMs: 2999 }))).toMatchObject({ do: 'wait' })
    expect(problems(nextHook(bounded, sight({ pod: down, waitedMs: 3000 })))[0]).toContain(
      'not executed: context deadline exceeded',
    )
    const endless = registered(hook({ waitTimeoutMs: 1000 }), hook())
    expect(nextHook(endless, sight({ pod: down, waitedMs: 1e9 }))).toMatchObject({ do: 'wait' })
    expect(problems(nextHook(endless, sight({ isOver: true })))).toHaveLength(2)
  })

  it('a hook whose time is over when its container comes up has expired and does not run', () => {
    const pod = registered(hook({ waitTimeoutMs: 1000 }), hook({ waitTimeoutMs: 9000 }))
    expect(problems(nextHook(pod, sight({ waitedMs: 1001 })))).toEqual([
      'hook h in container app expired before executing',
    ])
    expect(nextHook(pod, sight({ waitedMs: 1001, results: results([0, 'bad']) }))).toMatchObject({
      do: 'run',
      index: 1,
    })
  })

  it('no hook expires whose container was up in time, however late that is seen', () => {
    const nowMs = Date.parse('2026-01-02T03:04:05Z')
    const upSince = (startedAt: string) => {
      const pod = live({ app: { running: true } })
      const [status] = pod.status.containerStatuses
      return {
        ...pod,
        status: { ...pod.status, containerStatuses: [{ ...status, state: { running: { startedAt } } }] },
      }
    }
    const late = { nowMs, waitedMs: 600_000 }
    const one = registered(hook({ waitTimeoutMs: 60_000 }))
    expect(nextHook(one, sight({ ...late, pod: upSince('2026-01-02T02:54:30Z') }))).toMatchObject({ do: 'run' })
    expect(nextHook(one, sight({ ...late, pod: upSince('2026-01-02T03:00:00Z') }))).toMatchObject({ do: 'settle' })
  })
})
