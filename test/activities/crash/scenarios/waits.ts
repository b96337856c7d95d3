import type { Manifest } from '../../../../velero/manifest.ts'
import { startControllers } from '../../../ports/controllers.ts'
import type { Purpose, Scenario } from '../crash-points.ts'
import { changed, ref, waves, withShard, worldAt } from '../restore-in-memory.ts'

export const awaitPodVolumes: readonly Scenario[] = [
  {
    when: 'node agents have to be told',
    world: () => worldAt('restored'),
    input: { ref, waves: [waves.indexOf('pods')] },
    beside: (world) => startControllers(world),
  },
]

/** A later look may see the end at once, where an earlier one would have written the way there. */
const writtenAsOften: Purpose = {
  because: 'how often the status of the Restore was written is no part of the end',
  forgive: (end, undisturbed) => {
    const place = `Restore velero/${ref.name}`
    const { metadata, ...rest } = end.objects[place] as Manifest
    const { generation } = (undisturbed.objects[place] as Manifest).metadata
    return { ...end, objects: { ...end.objects, [place]: { ...rest, metadata: { ...metadata, generation } } } }
  },
}

export const pollOperations: readonly Scenario[] = [
  {
    when: 'one look is asked for and node agents are at work',
    world: () => worldAt('restored'),
    input: { ref, until: 'once', failed: 0 },
  },
  {
    when: 'node agents end their work',
    world: () => worldAt('restored'),
    input: { ref, until: 'end', failed: 0 },
    beside: (world) => startControllers(world),
    onPurpose: [writtenAsOften],
  },
]

export const cancelOperations: readonly Scenario[] = [
  {
    when: 'node agents are at work',
    world: () => worldAt('restored'),
    input: { ref, because: 'cancelled: enough' },
  },
  { when: 'nothing was begun', world: () => worldAt('planned'), input: { ref, because: 'cancelled: enough' } },
]

const mayHaveRun = 'may have run: its worker vanished while it ran'

/** A command whose attempt died around it counts as one that may have run; it never runs twice. */
const atMostOnce: Purpose = {
  because: 'rule 12: a hook runs at most once, and one whose result is not known is an error',
  forgive: (end, undisturbed, happened) => {
    const journal = Object.fromEntries(
      Object.entries(end.journal).map(([name, content]) => {
        const isLost = name.startsWith('hooks/done/') && JSON.stringify(content).includes(mayHaveRun)
        return [name, isLost && happened.length > 0 ? undisturbed.journal[name] : content]
      }),
    )
    const ranOnce = Object.entries(end.ran).every(([, times]) => times === 1)
    return { ...end, journal, ran: ranOnce ? { ...undisturbed.ran, ...end.ran } : end.ran }
  },
}

export const runHooks: readonly Scenario[] = [
  {
    when: 'a pod comes up and no more pods come',
    world: () => changed(worldAt('restored'), withShard('hooks/closed', { at: '2026-01-02T03:05:00Z' })),
    input: { ref, follows: false },
    beside: (world) => startControllers(world),
    onPurpose: [atMostOnce],
  },
]
