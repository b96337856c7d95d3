import type { FullStack } from '../devstack/stack-types.ts'
import { readAudit } from '../test/kit/audit.ts'
import type { AuditEvent } from '../test/kit/audit.ts'
import { measureRestore, withWorker } from './measure.ts'
import type { ManagedFields } from './measure.ts'

/** The requests of a restore about one kind of object, from the audit log of the API server. */
export interface CallCount {
  what: string
  objects: number
  /** Requests by verb: `create 2500, patch 2500`. */
  verbs: string
  perObject: number
}

/** Restores bulk5k in one mode of managed fields and counts the requests for each kind of object. */
export function countCalls(stack: FullStack, managedFields: ManagedFields): Promise<CallCount[]> {
  return withWorker(stack, managedFields, { audit: true }, async (cluster) => {
    const before = readAudit(cluster).length
    await measureRestore(cluster, `Drydock, managed fields ${managedFields}`)
    const requests = readAudit(cluster).slice(before)
    return [
      count(`Secrets, ${managedFields}`, requests, 'secrets', 2500),
      count(`ConfigMaps, ${managedFields}`, requests, 'configmaps', 2501),
      count(`Namespaces, ${managedFields}`, requests, 'namespaces', 1),
    ]
  })
}

function count(what: string, lines: readonly AuditEvent[], resource: string, objects: number): CallCount {
  const about = lines.filter((line) => line.objectRef?.resource === resource)
  const verbs = [...Map.groupBy(about, (line) => line.verb)].map(([verb, ones]) => `${verb} ${ones.length}`).join(', ')
  return { what, objects, verbs, perObject: about.length / objects }
}
