import { expect } from 'vitest'
import type { Cluster } from '../../../activities/ports.ts'
import { ApiError } from '../../../core/port-errors.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { ObjectRef } from '../../../velero/resource.ts'

/** What a statement works with: the cluster, and a namespace of its own. */
export interface Place {
  cluster: Cluster
  namespace: string
  /** Lets time pass. */
  sleep: (ms: number) => Promise<void>
  /** A ConfigMap of the namespace. */
  at: (name: string) => ObjectRef
  /** Creates one, as the first manager. */
  add: (name: string, more?: object, metadata?: object) => Promise<Manifest>
}

/** Sentences about one thing, each with the code that shows it. */
export type Statements = Record<string, Record<string, (place: Place) => Promise<void>>>

const group = 'conformance.drydock.io'
export const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
export const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
export const definitions = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
/** A kind with a status subresource. */
export const widgets = { group, version: 'v1', resource: 'widgets' }
/** A kind without one, as Velero's are. */
export const gadgets = { group, version: 'v1', resource: 'gadgets' }
/** A kind that no server knows. */
export const nothings = { group, version: 'v1', resource: 'nothings' }
export const by = { fieldManager: 'first' }
export const bySecond = { fieldManager: 'second' }

export function named(apiVersion: string, kind: string, name: string, metadata: object = {}): Manifest {
  return { apiVersion, kind, metadata: { name, ...metadata } }
}

/** A widget or gadget. */
export function custom(kind: string, name: string): Manifest {
  return named(`${group}/v1`, kind, name)
}

/** The definition of a kind that is served as v1 and v1beta1 and takes any field. */
export function definitionOf(kind: string, plural: string, names: object, subresources: object = {}): Manifest {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema, subresources })
  const spec = { group, scope: 'Namespaced', names: { kind, plural, ...names } }
  return {
    ...named('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.${group}`),
    spec: { ...spec, versions: [version('v1', true), version('v1beta1', false)] },
  }
}

/** Defines widgets and gadgets, and waits until they are served. */
export async function define({ cluster, sleep }: Pick<Place, 'cluster' | 'sleep'>): Promise<void> {
  const wanted = [
    definitionOf('Widget', 'widgets', { singular: 'widget', shortNames: ['wd'] }, { status: {} }),
    definitionOf('Gadget', 'gadgets', {}),
  ]
  for (const definition of wanted) await cluster.create(definitions, undefined, definition, by)
  for (const kind of [widgets, gadgets])
    await until(sleep, async () => {
      await cluster.list(kind)
      return (await cluster.discover()).some(({ resource }) => resource === kind.resource)
    })
}

/** Waits until something holds; that it throws counts as not yet. */
export async function until(sleep: (ms: number) => Promise<void>, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; tries <= 200; tries++) {
    if (await holds().catch(() => false)) return
    await sleep(50)
  }
  throw new Error('it did not come to hold')
}

/** Expects that answer of the server, word for word or by a pattern. */
export async function refusal(
  work: Promise<unknown>,
  code: number,
  reason: string,
  message: string | RegExp,
): Promise<ApiError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(ApiError)
  const error = thrown as ApiError
  const told = typeof message === 'string' ? error.message : expect.stringMatching(message)
  expect([error.code, error.reason, error.message]).toEqual([
    code,
    reason,
    typeof message === 'string' ? message : told,
  ])
  return error
}

/** The `fieldsV1` of each manager. */
export function fieldsByManager({ metadata }: Manifest): Record<string, unknown> {
  return Object.fromEntries((metadata.managedFields ?? []).map(({ manager = '', fieldsV1 }) => [manager, fieldsV1]))
}
