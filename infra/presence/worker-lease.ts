import { createHash } from 'node:crypto'
import type { Manifest } from '../../velero/manifest.ts'
import type { ObjectRef } from '../../velero/resource.ts'

export const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' } as const
export const leaseLabelSelector = 'drydock.io/worker=true'
/** What a Lease lasts that covers writes of the usual bound only. */
export const leaseSeconds = 15
/** What a Lease lasts under which a write may land as late as the API server lets any write: 10 s, 60 s, and a rest. */
export const longLeaseSeconds = 75
/** Nobody waits longer for a Lease, whatever stands in it. */
const leaseSecondsMax = 600
const attemptsAnnotation = 'drydock.io/attempts'
/** Annotations hold 256 KiB in all; beyond this many a worker says that it may be at anything. */
const attemptsMax = 2_000
const scopeCharactersMax = 100
const anyScope = '*'

/** The name of a worker's Lease. Names are unique for each process: the id ends in something random. */
export function leaseName(workerId: string): string {
  return `drydock-worker-${workerId}`
}

/** The Lease of that name. */
export function leaseRef(namespace: string, name: string): ObjectRef {
  return { ...leases, namespace, name }
}

/** What a renewal sets, as a merge patch or as the Lease itself. */
export interface Renewal {
  holder: string
  now: Date
  scopes: readonly string[]
  /** Until so many seconds after this renewal a write may land that was begun under it: the write horizon (rule 7). */
  leaseSeconds: number
}

/** A new Lease. */
export function buildLease(name: string, renewal: Renewal): object {
  const { metadata, spec } = buildRenewal(renewal)
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, labels: { 'drydock.io/worker': 'true' }, ...metadata },
    spec: { ...spec, acquireTime: spec.renewTime },
  }
}

/** The merge patch of a renewal. */
export function buildRenewal({ holder, now, scopes, leaseSeconds: leaseDurationSeconds }: Renewal) {
  return {
    metadata: { annotations: { [attemptsAnnotation]: formatScopes(scopes) } },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds,
      renewTime: now.toISOString().replace('Z', '000Z'),
    },
  }
}

/** One worker as its Lease shows it. */
export interface WorkerLease {
  name: string
  uid: string
  resourceVersion: string
  /** The API server's time of its creation, to the second (RFC 3339). */
  createdAt: string
  holder: string
  renewTime: string
  /** How long it lasts from its last renewal. */
  seconds: number
  /** Whether the worker said that it may be at that scope; a Lease that says nothing legible may be at any. */
  names(scope: string): boolean
}

/** Reads a Lease as the API server gives it. */
export function readLease(manifest: Manifest): WorkerLease {
  const spec = (manifest['spec'] ?? {}) as {
    holderIdentity?: string
    renewTime?: string
    leaseDurationSeconds?: number
  }
  const scopes = parseScopes(manifest.metadata.annotations?.[attemptsAnnotation])
  return {
    name: manifest.metadata.name,
    uid: manifest.metadata.uid ?? '',
    resourceVersion: manifest.metadata.resourceVersion ?? '',
    createdAt: manifest.metadata.creationTimestamp ?? '',
    holder: spec.holderIdentity ?? '',
    renewTime: spec.renewTime ?? '',
    seconds: Math.min(Math.max(leaseSeconds, spec.leaseDurationSeconds ?? 0), leaseSecondsMax),
    names: (scope) => scopes === undefined || scopes.has(anyScope) || someWithin(scopes, scope),
  }
}

/** A scope that ends in `/` stands for all below it; of a shortened one nobody can tell, so it counts. */
function someWithin(scopes: ReadonlySet<unknown>, scope: string): boolean {
  if (!scope.endsWith('/')) return scopes.has(shortScope(scope))
  return [...scopes].some((one) => typeof one === 'string' && (one.startsWith(scope) || one.startsWith('sha256:')))
}

function formatScopes(scopes: readonly string[]): string {
  return JSON.stringify(scopes.length > attemptsMax ? [anyScope] : [...new Set(scopes.map(shortScope))])
}

function parseScopes(text: string | undefined): Set<unknown> | undefined {
  if (text === undefined) return undefined
  try {
    const scopes: unknown = JSON.parse(text)
    return Array.isArray(scopes) ? new Set(scopes) : undefined
  } catch {
    return undefined
  }
}

function shortScope(scope: string): string {
  if (scope.length <= scopeCharactersMax) return scope
  return `sha256:${createHash('sha256').update(scope).digest('hex').slice(0, 32)}`
}
