import { sha256Hex } from '../../../core/values/derived-names.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { ObjectRef, ResourceRef } from '../../../velero/resource.ts'
import type { SimulatedClock } from '../clock.ts'
import { firstKinds, kindsOf } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { deepFreeze, inOrderOfKeys, isSame, keyOf, keysOf } from './objects.ts'
import { notServed } from './refusals.ts'

/** What a cluster keeps. Objects in it are frozen: a change puts another one in their place. */
export interface ClusterState {
  objects: ReadonlyMap<string, Manifest>
  kinds: readonly Kind[]
  version: number
  /** How often an object of that place has been made: part of its uid. */
  made: ReadonlyMap<string, number>
}

/** Told of each write, with the object as it stands then; undefined where it is gone. */
export type Listener = (object: Manifest | undefined, ref: ObjectRef) => void

/** How long a new CustomResourceDefinition takes to be established. */
const establishMs = 100

/** The objects and kinds of a cluster. */
export class Storage {
  readonly listeners: Listener[] = []
  private readonly clock: SimulatedClock
  private readonly stored: Map<string, Manifest>
  private readonly made: Map<string, number>
  private kinds: Kind[]
  private version: number

  constructor(clock: SimulatedClock, from: ClusterState | undefined) {
    this.clock = clock
    this.stored = new Map(from?.objects)
    this.made = new Map(from?.made)
    this.kinds = [...(from?.kinds ?? firstKinds)]
    this.version = from?.version ?? 100
  }

  state(): ClusterState {
    const { stored, kinds, version, made } = this
    return { objects: new Map(stored), kinds: [...kinds], version, made: new Map(made) }
  }

  /** In the order of resource, namespace and name; of one resource, and of one namespace, where they are given. */
  objects(resource?: ResourceRef, namespace?: string): Manifest[] {
    const prefix = resource === undefined ? '' : keysOf(resource, namespace)
    const found = [...this.stored].filter(([key]) => key.startsWith(prefix))
    return found.sort(inOrderOfKeys).map(([, object]) => object)
  }

  find(ref: ObjectRef): Manifest | undefined {
    return this.stored.get(keyOf(ref))
  }

  /** Stores an object under a new resourceVersion. */
  keep(object: Manifest, ref: ObjectRef): Manifest {
    const kept: Manifest = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } }
    this.stored.set(keyOf(ref), deepFreeze(kept))
    if (isNewDefinition(kept)) this.clock.later(establishMs, () => void this.establish(ref))
    this.tell(kept, ref)
    return kept
  }

  /** Takes an object away, and with a definition its kinds. */
  drop(ref: ObjectRef): void {
    const object = this.find(ref)
    if (object === undefined) return
    this.stored.delete(keyOf(ref))
    const defined = object.kind === 'CustomResourceDefinition' ? kindsOf(object) : []
    this.kinds = this.kinds.filter((one) => !defined.some((kind) => isSame(kind, one)))
    this.tell(undefined, ref)
  }

  /** A uid that follows from the place: the same in each run, another one for an object that is made again. */
  newUid(ref: ObjectRef): string {
    const hash = sha256Hex(`${keyOf(ref)}#${this.countOf(keyOf(ref))}`)
    return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-')
  }

  /** A name that begins so, another one each time. */
  newName(beginning: string, resource: ResourceRef, namespace: string | undefined): string {
    const place = `${keysOf(resource, namespace)}${beginning}*`
    return `${beginning}${sha256Hex(`${place}#${this.countOf(place)}`).slice(0, 5)}`
  }

  /** All kinds that are served. */
  served(): readonly Kind[] {
    return this.kinds
  }

  /** Throws as the server does where a resource is not served at that version. */
  kindOf({ group, version, resource }: ResourceRef): Kind {
    const is = (one: Kind) => one.group === group && one.version === version && one.resource === resource
    const found = this.kinds.find(is)
    if (found === undefined) throw notServed()
    return found
  }

  /** Serves the kinds of a new definition. */
  establish(ref: ObjectRef): Manifest | undefined {
    const live = this.find(ref)
    if (live === undefined || !isNewDefinition(live)) return live
    this.kinds.push(...kindsOf(live))
    const conditions = ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True' }))
    return this.keep({ ...live, status: { conditions } }, ref)
  }

  private countOf(place: string): number {
    const times = (this.made.get(place) ?? 0) + 1
    this.made.set(place, times)
    return times
  }

  private tell(object: Manifest | undefined, ref: ObjectRef): void {
    for (const listener of this.listeners) listener(object, ref)
  }
}

function isNewDefinition(object: Manifest): boolean {
  return object.kind === 'CustomResourceDefinition' && object['status'] === undefined
}
