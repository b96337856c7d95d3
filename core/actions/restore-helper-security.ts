import { cloneManifest } from '../items/clone-manifest.ts'
import type { Fields } from '../values/fields.ts'
import { parseSecurityContext } from './restore-helper.ts'

/**
 * The security context of the container that waits for files. The first row that fits holds:
 *
 * | there is | it is |
 * |---|---|
 * | a setting of the action that can be read | what the settings say, and nothing else |
 * | a context of the pod's first container | a copy of that |
 * | a user or a group of the pod | the default, with these; as root also the pod's own `runAsNonRoot` |
 * | none of these | the default, which the level `restricted` of Pod Security admits |
 */
export function restoreHelperSecurity({ config, firstContainer, pod }: SecuritySources): Fields {
  return parseSecurityContext(config) ?? cloneManifest(firstContainer) ?? asPod(pod) ?? defaultContext()
}

/** Where the context may come from. */
export interface SecuritySources {
  config: Record<string, string>
  /** `securityContext` of the pod's first container. */
  firstContainer: Fields | undefined
  /** `securityContext` of the pod. */
  pod: Fields | undefined
}

/** The pod's user wrote the files and can read them back. */
function asPod(pod: Fields | undefined): Fields | undefined {
  const runAsUser = pod?.['runAsUser'] ?? undefined
  const runAsGroup = pod?.['runAsGroup'] ?? undefined
  if (runAsUser === undefined && runAsGroup === undefined) return undefined
  const context = defaultContext()
  if (runAsUser !== undefined) context['runAsUser'] = runAsUser
  if (runAsGroup !== undefined) context['runAsGroup'] = runAsGroup
  if (runAsUser !== 0) return context
  delete context['runAsNonRoot']
  const nonRoot = pod?.['runAsNonRoot'] ?? undefined
  return nonRoot === undefined ? context : { ...context, runAsNonRoot: nonRoot }
}

function defaultContext(): Fields {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
    runAsUser: 1000,
    runAsNonRoot: true,
  }
}
