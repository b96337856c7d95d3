/** One Kubernetes object as JSON, from a backup or from the API server. Unknown fields are kept. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: Metadata
  [field: string]: unknown
}

/** The part of `metadata` that a restore reads or writes. */
export interface Metadata {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string | null
  deletionTimestamp?: string
  generateName?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: ManagedFieldsEntry[]
  [field: string]: unknown
}

/** An owner of an object, as Kubernetes' garbage collector reads it. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** Who set which fields of an object. */
export interface ManagedFieldsEntry {
  manager?: string
  operation?: string
  apiVersion?: string
  time?: string
  fieldsType?: string
  fieldsV1?: unknown
  subresource?: string
}

/** A time as Kubernetes writes it into objects: RFC 3339 in UTC, to the second. Throws `RangeError` for an invalid time. */
export function rfc3339(time: Date): string {
  const second = Math.floor(time.getTime() / 1000)
  if (second !== last.second) last = { second, text: `${time.toISOString().slice(0, 19)}Z` }
  return last.text
}

/** Thousands of items have the same second, and each of them asks for its text several times. */
let last = { second: NaN, text: '' }
