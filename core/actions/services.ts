import { lastAppliedAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { kindOf } from '../values/decode-shape.ts'
import { fieldsAt, textAt, accessField, annotationOf, listAt, objectsAt } from '../values/fields.ts'
import type { FieldAccess, Fields } from '../values/fields.ts'
import { cloneManifest, isJsonMap, parseJson } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ItemAction } from './action.ts'

/**
 * Removes what the old cluster assigned to a Service, because it may be in use in the new one: the cluster addresses,
 * unless the Service is headless, and the node ports that no user chose. `preserveNodePorts` keeps all ports.
 */
export const service: ItemAction = {
  name: 'velero.io/service',
  appliesTo: ['services'],
  convertsThroughStruct: () => true,
  execute({ item, restore }) {
    const restored = cloneManifest(item)
    const spec = fieldsAt(restored, 'spec')
    if (spec === undefined) return { item }
    if (textAt(spec, 'clusterIP') !== 'None') {
      delete spec['clusterIP']
      delete spec['clusterIPs']
    }
    if (restore.spec.preserveNodePorts !== true) {
      dropAssignedNodePorts(restored, spec)
      dropAssignedHealthCheckPort(restored, spec)
    }
    return { item: restored }
  },
}

/**
 * Removes the node ports that the old cluster assigned. Those that a user chose are known by the annotation of
 * `kubectl apply` (last-applied-configuration) or, without the annotation, by the managed fields.
 *
 * | the port | is kept if |
 * |---|---|
 * | has a name, and there is the annotation | a port of that name has a node port in the annotation |
 * | has no name, and there is the annotation | a port without name has the same node port in the annotation |
 * | is in a Service without the annotation | a field manager owns `nodePort` of that port and protocol |
 */
function dropAssignedNodePorts(service: Manifest, spec: Fields): void {
  if (textAt(spec, 'type') === 'ExternalName') return
  const applied = lastApplied(service)
  const isChosen = applied === undefined ? chosenByManager(service) : chosenByApply(applied)
  for (const port of objectsAt(spec, 'ports')) if (!isChosen(port)) delete port['nodePort']
}

/** Does the same for the health check port, which only a LoadBalancer with `externalTrafficPolicy: Local` has. */
function dropAssignedHealthCheckPort(service: Manifest, spec: Fields): void {
  const applies = textAt(spec, 'externalTrafficPolicy') === 'Local' && textAt(spec, 'type') === 'LoadBalancer'
  if (!applies || !spec['healthCheckNodePort']) return
  const applied = lastApplied(service)
  if (applied !== undefined) {
    const port = valueOf(accessField(applied, ['spec', 'healthCheckNodePort'], 'number'))
    if (port !== undefined && port !== 0) return
  }
  for (const owned of ownedFields(service)) {
    if (valueOf(accessField(owned, ['f:spec', 'f:healthCheckNodePort'], 'map')) !== undefined) return
  }
  delete spec['healthCheckNodePort']
}

type IsChosen = (port: Fields) => boolean

function chosenByApply(applied: Fields): IsChosen {
  const names = new Set<unknown>()
  const unnamedPorts = new Set<number>()
  for (const port of valueOf(accessField(applied, ['spec', 'ports'], 'list')) ?? []) {
    if (!isJsonMap(port)) continue
    const nodePort = appliedNodePort(port['nodePort'])
    if (nodePort <= 0) continue
    if (Object.hasOwn(port, 'name')) names.add(port['name'])
    else unnamedPorts.add(nodePort)
  }
  return (port) => {
    const name = textAt(port, 'name')
    return name === '' ? unnamedPorts.has(Number(port['nodePort'] ?? 0)) : names.has(name)
  }
}

/** In an annotation written by hand the number may be a string. */
function appliedNodePort(value: unknown): number {
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value !== 'string') return 0
  if (!/^[+-]?\d+$/.test(value)) throw new ActionError(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`)
  return Number(value)
}

function chosenByManager(service: Manifest): IsChosen {
  const chosen = new Set<string>()
  for (const owned of ownedFields(service)) {
    const ports = valueOf(accessField(owned, ['f:spec', 'f:ports'], 'map')) ?? {}
    for (const [key, port] of Object.entries(ports)) {
      if (isJsonMap(port) && Object.hasOwn(port, 'f:nodePort')) chosen.add(key)
    }
  }
  return (port) => chosen.has(`k:{"port":${Number(port['port'] ?? 0)},"protocol":"${textAt(port, 'protocol')}"}`)
}

/** The object in the annotation of `kubectl apply`; undefined without the annotation. Throws `ActionError`. */
function lastApplied(service: Manifest): Fields | undefined {
  const text = annotationOf(service, lastAppliedAnnotation)
  if (text === undefined) return undefined
  const value = parseApplied(text)
  if (value === null) return {}
  if (isJsonMap(value)) return value
  throw new ActionError(`annotation ${lastAppliedAnnotation}: expected an object, found ${kindOf(value)}`)
}

function parseApplied(text: string): unknown {
  try {
    return parseJson(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new ActionError(`annotation ${lastAppliedAnnotation}: ${thrown.message}`)
    throw thrown
  }
}

function ownedFields(service: Manifest): Fields[] {
  return listAt(service, 'metadata', 'managedFields')
    .map((entry) => (isJsonMap(entry) ? entry['fieldsV1'] : undefined))
    .filter(isJsonMap)
}

function valueOf<T>(access: FieldAccess<T>): T | undefined {
  if ('error' in access) throw new ActionError(access.error)
  return access.found ? access.value : undefined
}
