import type { RestoreSpec } from '../../velero/restore.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { formatResourceId, parseGroupResource } from '../../velero/resource.ts'
import type { Access } from '../asked/acting-user.ts'
import { existingPolicyFor } from '../asked/existing.ts'
import { hookAppliesTo } from '../filter/hook-spec.ts'
import type { Plan, PlannedItem } from './plan.ts'

/** A right that a restore needs, and for which items. */
export interface NeededRight extends Access {
  items: number
  /** The first of them, as it is called in messages. */
  first: string
}

/** What says, beside the plan, which rights a restore needs. */
export interface RightsGiven {
  /** Which namespaces are there already: to create one in the midst of a restore is a right of its own. */
  isThere: (namespace: string) => boolean
  spec: RestoreSpec
  /** The namespace of the Restore. */
  home: string
  /** `<target namespace>/<name>` of the claims that stand, and whose data is written into their volumes. */
  inPlace: ReadonlySet<string>
  /** `<target namespace>/<name>` of the pods with a command in their own annotations. */
  hooked: ReadonlySet<string>
}

/**
 * What whoever restores a plan has to be allowed, by resource and target namespace. An item is created, and then patched for the owners
 * of its fields; what is recreated is deleted. A claim makes way for its data. Commands run in pods. What is restored in no case, or by
 * the worker itself, needs no right.
 */
export function neededRights(plan: Plan, given: RightsGiven): NeededRight[] {
  const rights = new Map<string, NeededRight>()
  for (const { groupResource, chunks } of plan.waves)
    for (const item of chunks.flatMap((chunk) => chunk.items))
      for (const right of rightsFor(groupResource, item, { plan, given })) {
        const key = keyOfRight(right)
        const known = rights.get(key)
        if (known === undefined) rights.set(key, { ...right, items: 1, first: nameOf(groupResource, item) })
        else known.items++
      }
  return [...rights.values()]
}

/** Equal for equal rights, wherever they are to hold. */
export function keyOfRight({ verb, group, resource, subresource = '', namespace = '' }: Access): string {
  return [verb, group, resource, subresource, namespace].join(' ')
}

const namespaces = 'namespaces'
const claims = 'persistentvolumeclaims'
const volumes = 'persistentvolumes'
/** Of one the worker keeps the result: it is no object of the restored cluster. */
const dataUploads = 'datauploads.velero.io'

function rightsFor(
  groupResource: GroupResource,
  item: PlannedItem,
  { plan, given }: { plan: Plan; given: RightsGiven },
): Access[] {
  if (isNotWritten(groupResource, item, { plan, given })) return []
  if (groupResource === namespaces) return [rightTo('create', groupResource, undefined)]
  const { name, target } = item
  const { spec, home } = given
  const policies = { rules: plan.existing ?? [], fallback: spec.existingResourcePolicy, home }
  const isRecreated = existingPolicyFor({ groupResource, name, target }, policies) === 'recreate'
  const isInTheWay = makesWay(groupResource, item, given)
  return [
    rightTo('create', groupResource, target),
    rightTo('patch', groupResource, target),
    ...(isRecreated || isInTheWay ? [rightTo('delete', groupResource, target)] : []),
    ...(isInTheWay ? [rightTo('patch', volumes, undefined)] : []),
    ...(groupResource === 'pods' && mayHaveHooks(item, given) ? execIn(target) : []),
  ]
}

/** Whether a claim that stands is deleted, so that its data can be written into its volume. */
export function makesWay(
  groupResource: GroupResource,
  { name, target }: PlannedItem,
  { inPlace }: Pick<RightsGiven, 'inPlace'>,
): boolean {
  return groupResource === claims && inPlace.has(`${target ?? ''}/${name}`)
}

/** A volume that its claim gets anew, an item whose place another one takes, a namespace that is there. */
export function isNotWritten(
  groupResource: GroupResource,
  item: PlannedItem,
  { plan, given }: { plan: Plan; given: RightsGiven },
): boolean {
  if (item.twinOf !== undefined || groupResource === dataUploads) return true
  if (groupResource === volumes) return plan.provisioned.includes(item.name)
  return groupResource === namespaces && given.isThere(item.target ?? item.name)
}

/** Labels of pods are not known here: a hook that selects by them counts for all pods of its namespaces. */
function mayHaveHooks(
  { name, target: namespace = '' }: PlannedItem,
  { spec: { hooks }, hooked }: Pick<RightsGiven, 'spec' | 'hooked'>,
): boolean {
  if (hooked.has(`${namespace}/${name}`)) return true
  return (hooks?.resources ?? []).some(
    (hook) =>
      (hook.postHooks ?? []).some(({ exec }) => exec !== undefined && exec !== null) &&
      hookAppliesTo({ ...hook, labelSelector: null }, { namespace, labels: {} }) === true,
  )
}

/** A command is sent over a websocket, which is a `get` to API servers; since Kubernetes 1.35 they ask for `create` too. */
function execIn(namespace: string | undefined): Access[] {
  return ['create', 'get'].map((verb) => ({ ...rightTo(verb, 'pods', namespace), subresource: 'exec' }))
}

function rightTo(verb: string, groupResource: GroupResource, namespace: string | undefined): Access {
  const { group, resource } = parseGroupResource(groupResource)
  return { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) }
}

/** An item as it is called in messages: by its target. */
export function nameOf(groupResource: GroupResource, { name, target }: PlannedItem): string {
  return groupResource === namespaces
    ? formatResourceId(groupResource, undefined, target ?? name)
    : formatResourceId(groupResource, target, name)
}

/** Rights that are named; the others are counted. */
const toldMax = 20

/** Rights that are missing, each with the items that need it. */
export function rightsInWords(denied: readonly NeededRight[]): string {
  const lines = denied.slice(0, toldMax).map(({ verb, group, resource, subresource, namespace, items, first }) => {
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`
    const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`
    return `${verb} ${what}${where} (${items === 1 ? first : `${items} items, the first is ${first}`})`
  })
  const more = denied.length > toldMax ? [`and ${denied.length - toldMax} more`] : []
  return [...lines, ...more].join('; ')
}
