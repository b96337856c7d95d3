import { fieldsAt, listAt, objectsAt, textAt, valueAt } from '../values/fields.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { parseGroupResource } from '../../velero/resource.ts'
import type { ServedResource } from '../filter/resolve-resource.ts'
import type { Plan } from './plan.ts'

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']

/**
 * The resources that the cluster will serve once these CustomResourceDefinitions are restored, whether these are of v1 or
 * v1beta1. The first served version counts as the preferred one.
 */
export function servedByDefinitions(definitions: readonly Manifest[]): ServedResource[] {
  return definitions.flatMap((definition) => {
    const names = fieldsAt(definition, 'spec', 'names')
    const resource = textAt(names, 'plural')
    const group = textAt(definition, 'spec', 'group')
    const [version] = servedVersions(definition)
    if (resource === '' || group === '' || version === undefined) return []
    const singular = textAt(names, 'singular') || textAt(names, 'kind').toLowerCase()
    const shortNames = listAt(names, 'shortNames').filter((name) => typeof name === 'string')
    return [{ group, version, resource, singular, shortNames, verbs, preferred: true }]
  })
}

/** The resources of a plan as a cluster would serve them: their full names alone, for words that the cluster does not know. */
export function servedAsPlanned(waves: Plan['waves']): ServedResource[] {
  return waves.map(({ groupResource }) => {
    const { resource, group } = parseGroupResource(groupResource)
    return { group, version: 'v1', resource, singular: '', shortNames: [], verbs, preferred: true }
  })
}

function servedVersions(definition: Manifest): string[] {
  const listed = objectsAt(definition, 'spec', 'versions')
  const served = listed.filter((one) => valueAt(one, 'served') === true).map((one) => textAt(one, 'name'))
  const alone = textAt(definition, 'spec', 'version')
  return [...served, ...(listed.length === 0 ? [alone] : [])].filter((name) => name !== '')
}
