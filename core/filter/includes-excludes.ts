import { compileGlob } from './glob.ts'
import type { Glob } from './glob.ts'

/** The lists of a spec; `null` and absent are the empty list. */
export interface IncludeExcludeLists {
  includes?: readonly string[] | null | undefined
  excludes?: readonly string[] | null | undefined
}

/** One rule for all of Velero's include and exclude lists. */
export interface IncludesExcludes {
  /** Excludes win; an empty list of includes, or `*` in it, includes all the rest. */
  readonly shouldInclude: (name: string) => boolean
  /** Whether nothing is left out: no excludes, and no includes or just `*`. It decides about cluster-scoped items. */
  readonly includeEverything: () => boolean
}

/** Resolves `po` or `deployments.ap` to the full name of a resource; undefined where the cluster does not know it. */
export type ResolveResource = (name: string) => string | undefined

/**
 * Makes a filter of two lists of globs. Patterns are compiled once, when first needed. They are tried in sorted order,
 * and one that does not compile ends the search without a match, as in Velero.
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
 * The same for lists of resources, whose names are resolved first. A name that the cluster does not know stays as it
 * is: dropping it could leave an empty list, which would include everything. `*` among the excludes is ignored.
 */
export function makeResourceIncludesExcludes(lists: IncludeExcludeLists, resolve: ResolveResource): IncludesExcludes {
  const full = (name: string): string => (name === '*' ? name : (resolve(name) ?? name))
  return makeIncludesExcludes({
    includes: (lists.includes ?? []).map(full).filter((name) => name !== ''),
    excludes: (lists.excludes ?? [])
      .filter((name) => name !== '*')
      .map(full)
      .filter((name) => name !== ''),
  })
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
