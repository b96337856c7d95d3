import { isJsonMap, semanticEqual } from '../values/manifest-json.ts'

/** The merge key of a list of objects. A list of scalars has none: equal elements are the same. */
export type ElementKey = string | undefined

/** The index of the same element in a list, or -1. */
export function indexOfElement(list: readonly unknown[], element: unknown, key: ElementKey): number {
  const identity = identityOf(element, key)
  return list.findIndex((other) => semanticEqual(identityOf(other, key), identity))
}

function identityOf(element: unknown, key: ElementKey): unknown {
  if (key === undefined) return element
  return isJsonMap(element) && Object.hasOwn(element, key) ? element[key] : undefined
}

/**
 * Orders a merged list. Elements in the patch have the order of the patch, the others keep their old order. Between an
 * element of the patch and another one their old order decides; if there is none, the element of the patch comes first.
 */
export function orderMerged(
  merged: readonly unknown[],
  { patch, before, key }: { patch: readonly unknown[]; before: readonly unknown[]; key: ElementKey },
): unknown[] {
  const named = merged.filter((element) => indexOfElement(patch, element, key) >= 0)
  const others = merged.filter((element) => indexOfElement(patch, element, key) < 0)
  return interleave(sortBy(others, before, key), sortBy(named, patch, key), { before, key })
}

/** Sorts like Kubernetes' insertion sort: an element that is not in the order is put before all earlier elements. */
function sortBy(elements: readonly unknown[], order: readonly unknown[], key: ElementKey): unknown[] {
  const placed: { element: unknown; place: number }[] = []
  for (const element of elements) {
    const place = indexOfElement(order, element, key)
    const after = placed.findLastIndex((other) => place >= 0 && other.place >= 0 && other.place <= place)
    placed.splice(after + 1, 0, { element, place })
  }
  return placed.map(({ element }) => element)
}

function interleave(
  others: readonly unknown[],
  named: readonly unknown[],
  { before, key }: { before: readonly unknown[]; key: ElementKey },
): unknown[] {
  const rest = [...others]
  const result: unknown[] = []
  for (const element of named) {
    const at = indexOfElement(before, element, key)
    const later = rest.findIndex((other) => {
      const index = indexOfElement(before, other, key)
      return index < 0 || index >= at
    })
    result.push(...rest.splice(0, later < 0 ? rest.length : later), element)
  }
  return [...result, ...rest]
}
