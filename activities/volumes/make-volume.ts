import type { Message } from '../../core/items/outcome.ts'
import { PluginError, StoreError } from '../../core/port-errors.ts'
import { leftOverVolumes } from '../../core/volumes/native-volume.ts'
import type { VolumeCall } from '../../core/volumes/native-volume.ts'
import type { Journal } from '../frame/journal.ts'
import { readShard } from '../frame/journal.ts'
import { isCancelRequested } from '../frame/run-activity.ts'
import type { ItemTools } from '../items/item-tools.ts'
import type { SnapshotSource, VolumeSnapshotter } from '../snapshotter-port.ts'

/** What the journal has about the volume of a PV. */
export interface VolumeCalls {
  /** Calls that were begun, by what tells them apart. */
  begun: readonly string[]
  /** Calls that were answered with an error: they made no volume. */
  failed: readonly string[]
  /** The volume that is used, and the call that made it. */
  made: { volumeId: string; call: string } | undefined
}

/** Reads which calls were made for a volume. */
export async function callsSoFar(folder: string, journal: Journal): Promise<VolumeCalls> {
  const names = (await journal.list(`${folder}/`)).map((name) => name.slice(folder.length + 1))
  const after = (prefix: string) =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  return {
    begun: after('begun-'),
    failed: after('failed-'),
    made: names.includes('made') ? await readShard<VolumeCalls['made']>(journal, `${folder}/made`) : undefined,
  }
}

/** A volume that is to be made. */
interface Making {
  folder: string
  /** The name of the plugin. */
  plugin: string
  opened: VolumeSnapshotter
  source: SnapshotSource
  known: VolumeCalls
}

/** How often a call is sent whose plugin dies meanwhile. */
const triesMax = 3

/**
 * Makes a volume and returns the id of the one to use. The call is journalled before it is sent. Where the plugin dies in it the
 * call is sent again: nobody knows whether there is a volume, and {@link warningsAbout} names what may be left over.
 */
export async function makeVolume(making: Making, tools: ItemTools): Promise<string> {
  const { folder, plugin, opened, source, known } = making
  const { journal, worker } = tools.native
  for (let tries = 1; ; tries++) {
    const call = `${tools.attempt.id}-${known.begun.length + tries}`
    tools.attempt.throwIfStopped()
    const begun: VolumeCall = { at: tools.now(), worker }
    await journal.write(`${folder}/begun-${call}`, begun)
    try {
      const volumeId = await opened.createVolume(source, tools.attempt.signal)
      if (volumeId === '')
        throw new PluginError('answer', `plugin ${plugin} has answered CreateVolumeFromSnapshot without an id`)
      return await keepVolume({ folder, call, begun, volumeId }, tools)
    } catch (thrown) {
      if (isCancelRequested(tools.attempt.signal))
        throw new PluginError('late', `the restore was cancelled while plugin ${plugin} made the volume`)
      if (!(thrown instanceof PluginError)) throw thrown
      if (thrown.kind !== 'died' && thrown.kind !== 'late') await journal.write(`${folder}/failed-${call}`, {})
      if (thrown.kind !== 'died' || tries >= triesMax) throw thrown
      tools.log.warn(`${thrown.message}; the call is sent again`, { snapshot: source.snapshotId })
    }
  }
}

/** The pauses before the id of a volume is written again: without it in the journal a second volume would be made. */
const pausesMs: readonly number[] = [200, 500, 1000, 2000, 4000]

/** Settles the id of a volume. Another attempt may have been first: then its volume is used, and this one is left over. */
async function keepVolume(
  { folder, call, begun, volumeId }: { folder: string; call: string; begun: VolumeCall; volumeId: string },
  { native, clock }: ItemTools,
): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      const made = await native.journal.writeOnce(`${folder}/made`, { volumeId, call })
      if (made.call !== call) await native.journal.write(`${folder}/begun-${call}`, { ...begun, volumeId })
      return made.volumeId
    } catch (thrown) {
      const pauseMs = pausesMs[tries]
      if (!(thrown instanceof StoreError) || pauseMs === undefined) throw thrown
      await clock.sleep(pauseMs)
    }
  }
}

/** Warnings about volumes of a snapshot that are or may be left over; none as long as each call was answered. */
export async function warningsAbout(
  folder: string,
  { name, snapshotId }: { name: string; snapshotId: string },
  { native }: ItemTools,
): Promise<Message[]> {
  const { begun, failed, made } = await callsSoFar(folder, native.journal)
  const doubtful = begun.filter((call) => call !== made?.call && !failed.includes(call))
  if (doubtful.length === 0) return []
  const calls = await Promise.all(
    doubtful.map((call) => readShard<VolumeCall>(native.journal, `${folder}/begun-${call}`)),
  )
  return leftOverVolumes(calls, { snapshotId, location: name, inUse: made?.volumeId })
}

/**
 * What a retry keeps of the volumes of native snapshots: those that were made, with all that was decided about them, and of the
 * others the calls that may have made one.
 */
export async function nativeShardsToKeep(journal: Journal): Promise<string[]> {
  const names = await journal.list('native/')
  const made = new Set(names.filter((name) => name.endsWith('/made')).map((name) => name.slice(0, -'/made'.length)))
  return names.filter((name) => made.has(name.slice(0, name.lastIndexOf('/'))) || /\/(?:begun|failed)-/.test(name))
}
