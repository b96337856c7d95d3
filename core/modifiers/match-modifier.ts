import { RE2JS } from 're2js'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { compileGlob } from '../filter/glob.ts'
import { makeIncludesExcludes } from '../filter/includes-excludes.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'
import { applyJsonPatch, JsonPatchError } from './json-patch.ts'
import type { ModifierConditions } from './parse-modifiers.ts'
import { readPatchText } from './patch-text.ts'

/** Whether a rule applies to an item, or the error in its conditions in Velero's words. */
export type ModifierMatch = { matches: boolean } | { error: string }

type Check = (item: Manifest, groupResource: GroupResource) => ModifierMatch

/**
 * Compiles the conditions of a rule into a function that checks items. Conditions are checked in Velero's order up to
 * the first that does not match. So an invalid pattern is no error for items that an earlier condition excludes.
 */
export function compileConditions(conditions: ModifierConditions): Check {
  const checks = [
    namespaceCheck(conditions),
    groupResourceCheck(conditions),
    nameCheck(conditions),
    labelCheck(conditions),
    fieldCheck(conditions),
  ]
  return (item, groupResource) => {
    for (const check of checks) {
      const match = check(item, groupResource)
      if ('error' in match || !match.matches) return match
    }
    return { matches: true }
  }
}

const yes: ModifierMatch = { matches: true }

/**
 * Compares the namespace in the backup: items are modified before they get their target namespace. Cluster-scoped items
 * match.
 */
function namespaceCheck({ namespaces }: ModifierConditions): Check {
  const filter = makeIncludesExcludes({ includes: namespaces })
  return ({ metadata: { namespace = '' } }) => (namespace === '' ? yes : { matches: filter.shouldInclude(namespace) })
}

function groupResourceCheck({ groupResource: pattern }: ModifierConditions): Check {
  const glob = compileGlob(pattern, '.')
  return (_, groupResource) => ('error' in glob ? glob : { matches: glob.matches(groupResource) })
}

function nameCheck({ resourceNameRegex }: ModifierConditions): Check {
  if (resourceNameRegex === '') return () => yes
  const expression = compileExpression(resourceNameRegex)
  return ({ metadata: { name } }) => (expression instanceof RE2JS ? { matches: expression.test(name) } : expression)
}

function compileExpression(source: string): RE2JS | { error: string } {
  try {
    return RE2JS.compile(source)
  } catch (thrown) {
    return { error: `error in matching regex ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}

function labelCheck({ labelSelector }: ModifierConditions): Check {
  if (!labelSelector) return () => yes
  const selector = compileLabelSelector(labelSelector)
  return ({ metadata: { labels } }) =>
    'error' in selector
      ? { error: `error in creating label selector ${selector.error}` }
      : { matches: selector.matches(labels) }
}

/** All fields must have the given values. A missing path means no match; a bad index is an error. */
function fieldCheck({ matches }: ModifierConditions): Check {
  if (matches.length === 0) return () => yes
  if (matches.some(({ path }) => path === '')) return () => ({ error: 'path is required for match rule' })
  return (item) => {
    try {
      const tests = matches.map(({ path, value }) => ({ operation: 'test', from: '', path, value }))
      applyJsonPatch(item, readPatchText(tests))
      return yes
    } catch (thrown) {
      if (!(thrown instanceof JsonPatchError)) throw thrown
      return thrown.kind === 'other' ? { error: thrown.message } : { matches: false }
    }
  }
}
