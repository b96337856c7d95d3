import { describe, expect, test } from 'vitest'
import { compareOutcomes, describeDifference, hasSecondChances, withoutSecondChances } from './compare-outcomes.ts'
import { readGoldenCase, recordedCases } from './golden-case.ts'
import type { Outcome } from './golden-case.ts'
import { tolerated, toleratedBy } from './tolerated.ts'

const golden = readGoldenCase('existing-none')
const uid = 'a-b-c'

/** What the comparison says when this is changed in a copy of what Velero made. */
function seen(change: (outcome: Outcome) => void): string[] {
  const outcome = structuredClone(golden.outcome)
  change(outcome)
  return compareOutcomes(golden, { uid, outcome, restore: {} }).wrong.map(describeDifference)
}

const object = (outcome: Outcome, key: string) =>
  outcome.cluster[key] as { metadata: { labels: Record<string, string> }; spec: any; _managers: string[] }

describe('a comparison is red for', () => {
  test('nothing when nothing differs', () => {
    expect(seen(() => {})).toEqual([])
  })

  test('one label of one object', () => {
    expect(seen((outcome) => (object(outcome, 'deployments.apps|shop|web').metadata.labels['app'] = 'other'))).toEqual([
      'cluster / deployments.apps|shop|web / metadata / labels / app: Velero "web", Drydock "other"',
    ])
  })

  test('one warning that is missing', () => {
    const wrong = seen((outcome) => (outcome.results as { warnings: { cluster: string[] } }).warnings.cluster.pop())
    expect(wrong).toHaveLength(1)
    expect(wrong[0]).toMatch(
      /^results \/ warnings \/ cluster \/ \*: Velero "could not restore, .*", Drydock has nothing$/,
    )
  })

  test('one warning that is there twice', () => {
    const wrong = seen((outcome) => {
      const { cluster } = (outcome.results as { warnings: { cluster: string[] } }).warnings
      cluster.push(cluster[0] ?? '')
    })
    expect(wrong).toHaveLength(1)
  })

  test('one count of the status', () => {
    expect(seen((outcome) => (outcome.restore.status['warnings'] = 4))).toEqual([
      'restore / status / warnings: Velero 5, Drydock 4',
    ])
  })

  test('one line of the resource list', () => {
    const wrong = seen((outcome) => {
      ;(outcome['resource list'] as Record<string, string[]>)['v1/Namespace'] = ['ops(created)', 'shop-db(skipped)']
    })
    expect(wrong).toEqual(['resource list / v1/Namespace / *: Velero "shop-db(created)", Drydock "shop-db(skipped)"'])
  })

  test('an object that is missing, and one too many', () => {
    const wrong = seen((outcome) => {
      delete outcome.cluster['deployments.apps|shop|web']
      outcome.cluster['configmaps|shop|new'] = { _managers: [], metadata: { name: 'new' } }
    })
    expect(wrong).toHaveLength(2)
  })

  test('a manager that is neither Velero nor the restore itself', () => {
    const wrong = seen((outcome) => (object(outcome, 'namespaces||ops')._managers = ['somebody:Update']))
    expect(wrong).toEqual([
      'cluster / namespaces||ops / _managers / *: Velero "velero-server:Update", Drydock "somebody:Update"',
    ])
  })

  test('an address that is none of the server', () => {
    expect(seen((outcome) => (object(outcome, 'services|shop|web').spec.clusterIP = 'None'))).toHaveLength(1)
  })
})

describe('a comparison lets pass', () => {
  test("the restore's own manager in place of Velero's", () => {
    expect(seen((outcome) => (object(outcome, 'namespaces||ops')._managers = ['drydock-a-b-c:Update']))).toEqual([])
  })

  test('another address and another port that the server chose', () => {
    const wrong = seen((outcome) => {
      object(outcome, 'services|shop|web').spec.clusterIP = '10.96.1.2'
      object(outcome, 'services|shop|web').spec.ports[1].nodePort = 30_500
    })
    expect(wrong).toEqual([])
  })

  test('no port of a case that preserves ports', () => {
    const difference = {
      path: ['cluster', 'services|shop|web', 'spec', 'ports', '1', 'nodePort'],
      expected: 31_000,
      actual: 31_001,
    }
    const preserving = { ...golden, spec: { ...golden.spec, preserveNodePorts: true } }
    expect(toleratedBy(difference, preserving)).toBeUndefined()
    expect(toleratedBy(difference, golden)).toBeDefined()
  })
})

test('a wanted warning is let pass with its count, and only that one', () => {
  const text =
    'PVC shop/cache is not bound, since StorageClass late waits for its first consumer and no pod uses it: reclaim policy and labels of its volume are not restored'
  const say = (outcome: Outcome, ...texts: string[]) => {
    ;(outcome.results as { warnings: { namespaces: Record<string, string[]> } }).warnings.namespaces['ops'] = texts
    outcome.restore.status['warnings'] = 5 + texts.length
  }
  expect(seen((outcome) => say(outcome, text))).toEqual([])
  expect(seen((outcome) => say(outcome, text, 'something else'))).toHaveLength(2)
})

test('an operation that ended badly may stand in the results, but is in both counts', () => {
  const say = (outcome: Outcome) => {
    ;(outcome.results as { errors: { velero?: string[] } }).errors.velero = ['error from restore item operation: full']
  }
  expect(seen(say)).toEqual([])
  expect(
    seen((outcome) => {
      say(outcome)
      outcome.restore.status['errors'] = 2
    }),
  ).toEqual(['restore / status / errors: Velero 1, Drydock 2'])
})

test('each tolerated difference has a reason', () => {
  for (const { reason } of tolerated) expect(reason.length).toBeGreaterThan(10)
})

describe('with second chances', () => {
  const retried = readGoldenCase('priorities')
  const errorsOf = (outcome: Outcome) =>
    (outcome.results as { errors: { namespaces: Record<string, string[]> } }).errors.namespaces

  /** What the comparison says of Velero's own outcome, changed so. */
  function seenWith(change: (outcome: Outcome) => void): { wrong: string[]; reasons: readonly string[] } {
    const actual = structuredClone(retried.outcome)
    change(actual)
    const { outcome, reasons } = withoutSecondChances(retried.outcome, actual)
    const { wrong } = compareOutcomes(retried, { uid, outcome, restore: {} })
    return { wrong: wrong.map(describeDifference), reasons }
  }

  test('are for what a real API server refused for the lack of something else, and for nothing else', () => {
    expect(recordedCases().filter((name) => hasSecondChances(readGoldenCase(name)))).toEqual([
      // A priority class, a kind that is not served, a service account, a quota.
      'bad-items',
      'cluster-parts',
      'cluster-resources-false',
      'label-selector',
      'or-label-selectors',
      'priorities',
      'quota-refusal',
    ])
  })

  test('an error may say how often its item was tried, and another one may not', () => {
    const note = ' (tried 3 times until 2026-01-02T03:04:05Z)'
    const told = seenWith((outcome) => {
      const list = errorsOf(outcome)['shop-db'] ?? []
      list.forEach((text, at) => (list[at] = text + note))
    })
    expect(told).toEqual({ wrong: [], reasons: ['second chances: an error says how often the item was tried'] })
    const untrue = seenWith((outcome) => void (errorsOf(outcome)['shop'] = [`error restoring pods/shop/a: no${note}`]))
    expect(untrue.wrong).not.toEqual([])
  })

  test('an item may succeed that Velero gave up, whose error, line and count then agree', () => {
    const succeed = (outcome: Outcome) => {
      const { status } = outcome.restore
      status['errors'] = Number(status['errors']) - 1
      delete errorsOf(outcome)['shop-db']
      const list = (outcome['resource list'] as Record<string, string[]>)['v1/Pod'] ?? []
      list[list.indexOf('shop-db/orders-0(failed)')] = 'shop-db/orders-0(created)'
      outcome.cluster['pods|shop-db|orders-0'] = { metadata: { name: 'orders-0' }, _managers: [] }
    }
    const reasons = ['second chances: an item succeeded that Velero gave up']
    expect(seenWith(succeed)).toEqual({ wrong: [], reasons })
    const miscounted = seenWith((outcome) => {
      succeed(outcome)
      outcome.restore.status['errors'] = 17
    })
    expect(miscounted.wrong).toHaveLength(1)
  })
})
