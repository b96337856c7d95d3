import { compileGlob } from './glob.ts'
import type { Glob } from './glob.ts'

/** The two lists of a spec. `null` and absent mean the empty list. */
export interface IncludeExcludeLists {
  includes?: readonly string[] | null | undefined
  excludes?: readonly string[] | null | undefined
}

/** A filter made of a list of includes and a list of excludes. */
export interface IncludesExcludes {
  /** Excludes win. An empty list of includes, or one with `*`, includes everything that is not excluded. */
  readonly shouldInclude: (name: string) => boolean
  /**
   * Whether the lists exclude nothing: no excludes, and no includes or only `*`. Decides about cluster-scoped items.
   */
  readonly includeEverything: () => boolean
}

/**
 * Resolves a word such as `po` or `deployments.ap` to a full resource name; undefined if the cluster does not know it.
 */
export type ResolveResource = (name: string) => string | undefined

/**
 * Makes a filter from two lists of globs, which are compiled once, at the first use. Globs are tried in sorted order.
 * One that does not compile ends the search without a match, as in Velero.
 */
export function makeIncludesExcludes(lists: IncludeExcludeLists): IncludesExcludes {
  const includes = new Set(lists.includes ?? [])
  const excludes = new Set(lists.excludes ?? [])
  const included = makeMatcher(includes)
  const excluded = makeMatcher(excludes)
  const all = includes.size === 0 || includes.has('*')
  return {
    shouldInclude: (name) => !excluded(name) && (all || included(name)),
    includeEverything: () => excludes.size === 0 && (includes.size === 0 || (includes.size === 1 && all)),
  }
}

/**
 * The same for lists of resources, whose names are resolved first. A name that the cluster does not know is kept:
 * without it the list could be empty, and an empty list includes everything. `*` in the excludes is ignored.
 */
export function makeResourceIncludesExcludes(lists: IncludeExcludeLists, resolve: ResolveResource): IncludesExcludes {
  return makeIncludesExcludes(resolveLists(lists, resolve))
}

/** Both lists with full names, as they are at this moment: restoring CustomResourceDefinitions changes what a name means. */
export function resolveLists(
  lists: IncludeExcludeLists,
  resolve: ResolveResource,
): { includes: string[]; excludes: string[] } {
  const full = (name: string): string => (name === '*' ? name : (resolve(name) ?? name))
  return {
    includes: (lists.includes ?? []).map(full).filter((name) => name !== ''),
    excludes: (lists.excludes ?? [])
      .filter((name) => name !== '*')
      .map(full)
      .filter((name) => name !== ''),
  }
}

function makeMatcher(patterns: ReadonlySet<string>): (name: string) => boolean {
  let globs: Glob[] | undefined
  return (name) => {
    globs ??= [...patterns].sort().map((pattern) => compileGlob(pattern))
    for (const glob of globs) {
      if ('error' in glob) return false
      if (glob.matches(name)) return true
    }
    return false
  }
}
