/** One place where two values differ; a side that has nothing there is undefined. */
export interface Difference {
  /** From the whole to the part, such as `cluster`, `services|shop|web`, `spec`, `clusterIP`. */
  path: readonly string[]
  expected: unknown
  actual: unknown
}

/**
 * All places where two values differ, as deep down as possible, so that what is tolerated is one field and never an
 * object. Lists are compared place by place; `_managers` and the lists of messages and names as sets, since their order says nothing.
 */
export function differences(expected: unknown, actual: unknown, path: readonly string[] = []): Difference[] {
  if (Object.is(expected, actual)) return []
  if (isList(expected) && isList(actual)) {
    return isSet(path) ? setDifferences(expected, actual, path) : listDifferences(expected, actual, path)
  }
  if (isObject(expected) && isObject(actual)) return objectDifferences(expected, actual, path)
  return [{ path, expected, actual }]
}

function objectDifferences(expected: Json, actual: Json, path: readonly string[]): Difference[] {
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
  return [...keys].sort().flatMap((key) => differences(expected[key], actual[key], [...path, key]))
}

function listDifferences(
  expected: readonly unknown[],
  actual: readonly unknown[],
  path: readonly string[],
): Difference[] {
  const length = Math.max(expected.length, actual.length)
  return Array.from({ length }, (_, at) => differences(expected[at], actual[at], [...path, String(at)])).flat()
}

/** What is in only one of them, paired in order: one that was replaced by another shows as one difference. */
function setDifferences(
  expected: readonly unknown[],
  actual: readonly unknown[],
  path: readonly string[],
): Difference[] {
  const missing = without(expected, actual)
  const surplus = without(actual, expected)
  const length = Math.max(missing.length, surplus.length)
  return Array.from({ length }, (_, at) => ({
    path: [...path, '*'],
    expected: missing[at],
    actual: surplus[at],
  }))
}

function without(all: readonly unknown[], others: readonly unknown[]): unknown[] {
  const left = others.map((other) => JSON.stringify(other))
  const rest = all.filter((one) => {
    const at = left.indexOf(JSON.stringify(one))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  return rest.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** Field managers, and everything in the result files. */
function isSet(path: readonly string[]): boolean {
  return path.at(-1) === '_managers' || path[0] === 'results' || path[0] === 'resource list'
}

type Json = Readonly<Record<string, unknown>>
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const isObject = (value: unknown): value is Json => value !== null && typeof value === 'object' && !Array.isArray(value)
