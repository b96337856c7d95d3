import { readFileSync } from 'node:fs'

/** One request in the audit log of an API server. */
export interface AuditEvent {
  verb: string
  userAgent?: string
  /** As whom the request was made, where that is somebody else than its sender. */
  impersonatedUser?: { username: string; groups?: string[] }
  requestURI: string
  objectRef?: { resource?: string; namespace?: string; name?: string; apiGroup?: string; subresource?: string }
  responseStatus?: { code?: number }
  requestReceivedTimestamp: string
  stageTimestamp: string
}

/** All requests so far, in the order in which they were answered; a line that is being written does not count yet. */
export function readAudit(cluster: { auditLog?: string }): AuditEvent[] {
  if (cluster.auditLog === undefined) throw new Error('this cluster keeps no audit log')
  return readFileSync(cluster.auditLog, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditEvent)
}

/** How often each object of these resources was created with success: `configmaps/ns/name` → times. */
export function countCreates(events: readonly AuditEvent[], resources: readonly string[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { verb, objectRef, responseStatus } of events) {
    if (verb !== 'create' || responseStatus?.code !== 201 || !resources.includes(objectRef?.resource ?? '')) continue
    const key = `${objectRef?.resource}/${objectRef?.namespace ?? ''}/${objectRef?.name ?? ''}`
    times.set(key, (times.get(key) ?? 0) + 1)
  }
  return times
}
