import { parseSelector } from '../../../client/cli/spec-options.ts'
import { parseJson, stringifyJson } from '../../../core/values/manifest-json.ts'
import { compileLabelSelector } from '../../../core/filter/label-selector.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { ObjectRef, ResourceRef } from '../../../velero/resource.ts'
import { storedAs } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { badRequest } from './refusals.ts'

/** A copy as it comes over the wire. */
export function asSent<T>(value: T): T {
  return parseJson(stringifyJson(value)) as T
}

/** Freezes a JSON value with all its parts; those that are frozen already are left as they are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isObject(a) || !isObject(b)) return stringifyJson(a) === stringifyJson(b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = keysIn(a)
  return keys.length === keysIn(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Those that are sent: what is undefined is not. */
function keysIn(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined)
}

/** Where an object is kept: by resource, namespace and name, whatever the version. */
export function keyOf(ref: ObjectRef): string {
  return `${keysOf(ref, ref.namespace)}${ref.name}`
}

/** The beginning of the keys of a resource, in one namespace or in all. */
export function keysOf(resource: ResourceRef, namespace: string | undefined): string {
  return `${storedAs(resource)}/${namespace === undefined ? '' : `${namespace}/`}`
}

/** The order in which the server lists. */
export function inOrderOfKeys([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

/** The object as a client of that version gets it. */
export function inVersion(object: Manifest, { group, version }: Kind): Manifest {
  const apiVersion = group === '' ? version : `${group}/${version}`
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

/** What a list of metadata shows of it. */
export function metadataOf({ metadata }: Manifest): Manifest {
  return { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata }
}

/** What a label selector in the text of a query selects. The server has other words for one that cannot be read. */
export function readSelector(text: string): (labels: Record<string, string> | undefined) => boolean {
  if (text === '') return () => true
  try {
    const compiled = compileLabelSelector(parseSelector(text))
    if ('error' in compiled) throw new Error(compiled.error)
    return compiled.matches
  } catch (thrown) {
    throw badRequest(`unable to parse requirement: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}
