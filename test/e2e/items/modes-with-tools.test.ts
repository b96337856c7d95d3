import { rmSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { writesInto } from '../../kit/audit.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { ownDir } from '../../kit/run/sweep.ts'
import { freshCluster, theStack } from '../../kit/stack.ts'
import { helmSequences } from '../../kit/tools/helm-sequences.ts'
import { appsFor, differingApps, makeApps } from '../../kit/tools/make-apps.ts'
import {
  alikeInAll,
  objectsOf,
  ownersOfLabel,
  ownsLabels,
  restoreLabelNames,
  withoutRestoreLabels,
  withoutRestoreLabelsOf,
} from '../../kit/tools/owned-objects.ts'
import { handsOn } from '../../kit/tools/real-tools.ts'
import type { Hands } from '../../kit/tools/real-tools.ts'
import { writeChart } from '../../kit/tools/small-app.ts'
import { applyLabel, client, objectsFor, sequences, takeOwnEntryOver } from '../../kit/tools/tool-sequences.ts'
import type { Sequence, Step } from '../../kit/tools/tool-sequences.ts'
import { startWorker } from '../../kit/worker.ts'

const dir = ownDir()
const namespace = 'modes-with-tools'
const chart = writeChart(dir)
const place = { namespace, dir, chart }
const releases = Object.entries(helmSequences)
const sequenceNames = Object.keys(sequences) as Sequence[]
const allApps = [
  ...sequenceNames.flatMap((sequence) => appsFor(sequence, place)).map(({ name }) => name),
  ...differingApps,
]

let exact: Hands
let owners: Hands
/** The objects of the backup, by `<group-resource>/<name>`. */
let backedUp: Record<string, Manifest>

beforeAll(async () => {
  whenFileIsOver(() => rmSync(dir, { recursive: true, force: true }))
  const [first, second] = await Promise.all([freshCluster({ backups: [] }), freshCluster({ backups: [], audit: true })])
  exact = await handsOn(first, dir)
  owners = await handsOn(second, dir)
  const [items] = await Promise.all([
    makeApps(await handsOn(theStack(), dir), place),
    startWorker(first, { DRYDOCK_MANAGED_FIELDS: 'exact' }),
    startWorker(second),
  ])
  backedUp = Object.fromEntries(items.map(([resource, item]) => [`${resource}/${item.metadata.name}`, item]))
  await Promise.all(
    [first, second].map(async (cluster) => {
      await putBackup(cluster, { name: 'modes', items })
      await createRestore(cluster, { name: 'modes', spec: { backupName: 'modes' } })
      expect((await awaitRestore(cluster, 'modes')).status).toMatchObject({ phase: 'Completed' })
    }),
  )
})

/**
 * In whose name mode owners is to restore an object of the backup in one write; undefined where it takes two. The address family of a
 * Service belongs to nobody, and the scale of a Deployment to somebody else.
 */
function onlyManagerOf(key: string): string | undefined {
  const [groupResource = '', name = ''] = key.split('/')
  if (name.startsWith('sh.helm.release.v1.')) return key in backedUp ? 'Helm' : undefined
  if (groupResource === 'services' || (groupResource === 'deployments.apps' && name.startsWith('scaled-')))
    return undefined
  return /^(?:client|scaled|status)-|^helm-adopts-client$/.test(name) ? client : undefined
}

/** What stands in both clusters. Of what was restored in one write, the only manager may own the two labels of the restore. */
async function bothOf(...names: string[]): Promise<Record<'exact' | 'owners', Record<string, Manifest>>> {
  const read = async ({ cluster }: Hands) => Object.entries(await objectsOf(cluster, namespace, names))
  const tolerant = (key: string, object: Manifest) => {
    const name = onlyManagerOf(key)
    if (name === undefined) return object
    return withoutRestoreLabelsOf(object, { name, ownsLabels: ownsLabels(backedUp[key]!, name) })
  }
  const [inExact, inOwners] = await Promise.all([read(exact), read(owners)])
  return {
    exact: Object.fromEntries(inExact.map(([key, object]) => [key, alikeInAll(object)])),
    owners: Object.fromEntries(inOwners.map(([key, object]) => [key, alikeInAll(tolerant(key, object))])),
  }
}

/** The names of the objects that carry both labels of the restore. */
const labelled = (objects: Record<string, Manifest>): string[] =>
  Object.keys(objects).filter((key) =>
    restoreLabelNames.every((name) => objects[key]?.metadata.labels?.[name] === 'modes'),
  )

/** Takes the steps in both clusters, and compares after each what was said and what stands there. Returns what stands there. */
async function expectAlike(names: readonly string[], steps: readonly Step[]): Promise<Record<string, Manifest>> {
  const restored = await bothOf(...names)
  expect(restored.owners).toEqual(restored.exact)
  let after = restored
  for (const { what, does, ends, says, wronglyToldOf } of steps) {
    const [inExact, inOwners] = await Promise.all([does(exact), does(owners)])
    expect({ what, ...inExact }).toMatchObject({ what, code: ends, words: expect.stringMatching(says) as string })
    expect(wronglyToldOf?.(inExact.words) ?? []).toEqual([])
    expect({ what, ...inOwners }).toEqual({ what, ...inExact })
    after = await bothOf(...names)
    expect({ what, objects: after.owners }).toEqual({ what, objects: after.exact })
  }
  return after.owners
}

describe('what the two modes of managed fields restore', () => {
  it('differs in the number of writes', () => {
    const writes = new Map<string, string[]>()
    for (const { verb, objectRef: { resource, apiGroup, name } = {} } of writesInto(owners.cluster, namespace)) {
      const key = `${resource}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`
      writes.set(key, [...(writes.get(key) ?? []), verb])
    }
    const expected = Object.keys(backedUp).map((key) => [
      key,
      onlyManagerOf(key) === undefined ? ['create', 'patch'] : ['create'],
    ])
    expect(Object.fromEntries(writes)).toEqual(Object.fromEntries(expected))
  })

  it('differs in who owns the two labels of the restore', async () => {
    const ownersIn = async ({ cluster }: Hands) => {
      const objects = await objectsOf(cluster, namespace, allApps)
      return Object.fromEntries(
        Object.entries(objects).map(([key, object]) => [
          key,
          restoreLabelNames.map((label) => ownersOfLabel(object, label)),
        ]),
      )
    }
    const keys = Object.keys(backedUp).filter((key) => !key.includes('helm'))
    const owned = (key: string) => (onlyManagerOf(key) === undefined ? [] : [`${client} Update`])
    expect(await ownersIn(exact)).toEqual(Object.fromEntries(keys.map((key) => [key, [[], []]])))
    expect(await ownersIn(owners)).toEqual(Object.fromEntries(keys.map((key) => [key, [owned(key), owned(key)]])))
  })
})

describe('after a restore in mode owners as after one in mode exact, so end the same, with all owners:', () => {
  it.concurrent.each(sequenceNames)('%s', async (sequence) => {
    const apps = appsFor(sequence, place)
    const ended = await expectAlike(
      apps.map(({ name }) => name),
      sequences[sequence](apps),
    )
    const all = Object.keys(ended)
    expect(all).toHaveLength(apps.flatMap((app) => objectsFor(app)).length)
    // Who replaces an object by a file removes all that is not in it.
    expect(labelled(ended)).toEqual(sequence === 'kubectl replace, then apply --server-side' ? [] : all)
  })

  it.concurrent.each(releases)('release %s', async (name, { steps }) => {
    const ended = await expectAlike([name], steps({ namespace, name, chart }))
    const kept = ['deployments.apps', 'services', 'configmaps'].map((of) => `${of}/${name}`)
    expect(labelled(ended)).toEqual(expect.arrayContaining(kept))
  })
})

describe('after a restore in mode owners, unlike after one in mode exact,', () => {
  const [ownEntry, ownedLabel] = differingApps.map((name) => ({ namespace, dir, name, maker: 'client' as const }))

  it('the two labels go where the client itself turns its entry into an applied one', async () => {
    for (const { does, ends, says } of takeOwnEntryOver(ownEntry!)) {
      const [inExact, inOwners] = await Promise.all([does(exact), does(owners)])
      expect(inExact).toMatchObject({ code: ends, words: expect.stringMatching(says) as string })
      expect(inOwners).toEqual(inExact)
    }
    const both = await bothOf(ownEntry!.name)
    expect(labelled(both.exact)).toHaveLength(4)
    // The Service went by two writes.
    const kept = (key: string) => onlyManagerOf(key) === undefined
    expect(labelled(both.owners)).toEqual(Object.keys(both.owners).filter(kept))
    const unlabelled = Object.entries(both.exact).map(([key, object]) => [
      key,
      kept(key) ? object : withoutRestoreLabels(object),
    ])
    expect(both.owners).toEqual(Object.fromEntries(unlabelled))
  })

  it('whoever applies another value of such a label has a conflict with the client', async () => {
    const { plain, forced } = applyLabel(ownedLabel!, restoreLabelNames[1])
    expect(await exact.kubectl(...plain)).toMatchObject({ code: 0 })
    const conflict = `conflict with "${client}" using v1: .metadata.labels.${restoreLabelNames[1]}`
    expect(await owners.kubectl(...plain)).toMatchObject({
      code: 1,
      words: expect.stringContaining(conflict) as string,
    })
    expect(await owners.kubectl(...forced)).toEqual(await exact.kubectl(...forced))
    const both = await bothOf(ownedLabel!.name)
    expect(both.owners).toEqual(both.exact)
  })
})
