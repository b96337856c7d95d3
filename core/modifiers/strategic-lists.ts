import { isJsonMap, semanticEqual } from '../values/manifest-json.ts'

/** Lists of scalars have no merge key: their elements are the same where they are equal. */
export type ElementKey = string | undefined

/** Where an element of this identity stands in a list, or -1. */
export function indexOfElement(list: readonly unknown[], element: unknown, key: ElementKey): number {
  const identity = identityOf(element, key)
  return list.findIndex((other) => semanticEqual(identityOf(other, key), identity))
}

function identityOf(element: unknown, key: ElementKey): unknown {
  if (key === undefined) return element
  return isJsonMap(element) && Object.hasOwn(element, key) ? element[key] : undefined
}

/**
 * Puts a merged list in order. Elements that the patch names come in the patch's order, the others in the order they
 * had; of two from either side the one comes first that did so before, and where that says nothing, the patch's.
 */
export function orderMerged(
  merged: readonly unknown[],
  { patch, before, key }: { patch: readonly unknown[]; before: readonly unknown[]; key: ElementKey },
): unknown[] {
  const named = merged.filter((element) => indexOfElement(patch, element, key) >= 0)
  const others = merged.filter((element) => indexOfElement(patch, element, key) < 0)
  return interleave(sortBy(others, before, key), sortBy(named, patch, key), { before, key })
}

/** As Kubernetes' insertion sort has it, an element that the order does not know goes before all that came so far. */
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
