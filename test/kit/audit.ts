import { closeSync, openSync, readSync, statSync } from 'node:fs'

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

interface AuditedCluster {
  auditLog?: string
}

/** How long the audit log is now, in bytes: from there on `readAudit` reads what comes after this. */
export function auditLength(cluster: AuditedCluster): number {
  return statSync(logOf(cluster)).size
}

/**
 * All requests so far, in the order in which they were answered; a line that is being written does not count yet. `from` is where to
 * begin, in bytes.
 */
export function readAudit(cluster: AuditedCluster, from = 0): AuditEvent[] {
  return readFrom(logOf(cluster), from)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditEvent)
}

/** All writes of workers into a namespace so far, in the order in which they were answered. */
export function writesInto(cluster: AuditedCluster, namespace: string): AuditEvent[] {
  return readAudit(cluster).filter(
    ({ verb, userAgent, objectRef }) =>
      objectRef?.namespace === namespace && userAgent === 'drydock' && !['get', 'list', 'watch'].includes(verb),
  )
}

function logOf({ auditLog }: AuditedCluster): string {
  if (auditLog === undefined) throw new Error('this cluster keeps no audit log')
  return auditLog
}

function readFrom(path: string, from: number): string {
  const bytes = Buffer.alloc(Math.max(0, statSync(path).size - from))
  const file = openSync(path, 'r')
  try {
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, from))
  } finally {
    closeSync(file)
  }
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
