import { Readable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ApplicationFailure } from '@temporalio/common'
import { openJournal } from '../../activities/frame/journal.ts'
import type { ObjectStore } from '../../activities/ports.ts'
import { compilePolicies } from '../../core/filter/filter-policy.ts'
import { parseFilterPolicies } from '../../core/filter/parse-filter-policy.ts'
import { parseItem } from '../../core/items/item-manifest.ts'
import { applyModifiers } from '../../core/modifiers/apply-modifiers.ts'
import { parseModifiers, validateModifiers } from '../../core/modifiers/parse-modifiers.ts'
import { ArchiveError } from '../../core/port-errors.ts'
import { specFaults } from '../../core/request/admit-request.ts'
import { gunzip } from '../../infra/archive/gunzip.ts'
import { readTar } from '../../infra/archive/read-tar.ts'
import { journalFolder } from '../../velero/object-keys.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { admit, aConfigMap } from '../core/request/admission.ts'
import { tarball } from '../kit/backups/tarball.ts'
import type { Dice } from './chance.ts'
import { mutateBytes, mutateText, mutateValues } from './mutate.ts'
import * as seeds from './seeds.ts'

/** What one case has shown: the texts of its errors. Whatever else it throws is a finding. */
export interface Shown {
  errors: readonly string[]
  /** What each error must name. */
  names?: string
}

/** Reads one mutated input by the product's own code. */
export type Target = (dice: Dice) => Shown | Promise<Shown>

const bounds = { inflatedBytesMax: 1024 ** 2, entriesMax: 200, indexBytesMax: 64 * 1024, itemBytesMax: 64 * 1024 }

let whole: Buffer | undefined

/** A gzipped tarball; half of the cases are changed inside of the gzip. */
async function archive(dice: Dice): Promise<Shown> {
  whole ??= await tarball(seeds.files)
  const isInside = dice.below(2) === 0
  const bytes = isInside ? gzipSync(mutateBytes(gunzipSync(whole), dice), { level: 1 }) : mutateBytes(whole, dice)
  try {
    for await (const file of readTar(gunzip(Readable.from([bytes]), bounds), bounds))
      if (!file.isFolder) await file.read()
    return { errors: [] }
  } catch (thrown) {
    if (!(thrown instanceof ArchiveError)) throw thrown
    return { errors: [thrown.message] }
  }
}

const address = { groupResource: 'deployments.apps', namespace: 'shop', name: 'web' }

function item(dice: Dice): Shown {
  const read = parseItem(mutateText(dice.oneOf(seeds.items), dice), address)
  if ('problem' in read) return { errors: [read.problem], names: 'resources/deployments.apps/namespaces/shop/web.json' }
  const { errors } = applyModifiers({
    item: read.manifest,
    groupResource: 'deployments.apps',
    modifiers: seeds.modifiers(),
  })
  return { errors }
}

function spec(dice: Dice): Shown {
  const asked = mutateValues(dice.oneOf(seeds.specs), dice) as RestoreSpec
  const admission = admit(asked)
  const refused = admission.do === 'refuse' ? admission.validationErrors : []
  return { errors: [...specFaults(asked), ...refused] }
}

function modifiers(dice: Dice): Shown {
  const parsed = parseModifiers(aConfigMap(mutateText(dice.oneOf(seeds.modifierTexts), dice)))
  if ('error' in parsed) return { errors: [parsed.error] }
  const fault = validateModifiers(parsed.modifiers)
  if (fault !== undefined) return { errors: [fault] }
  const read = parseItem(dice.oneOf(seeds.items), address)
  if ('problem' in read) throw new Error(read.problem)
  return {
    errors: applyModifiers({ item: read.manifest, groupResource: 'deployments.apps', modifiers: parsed.modifiers })
      .errors,
  }
}

function policies(dice: Dice): Shown {
  const parsed = parseFilterPolicies(aConfigMap(mutateText(dice.oneOf(seeds.policyTexts), dice)))
  if ('error' in parsed) return { errors: [parsed.error] }
  const compiled = compilePolicies(parsed.policies, (name) => (name === 'pods' ? name : undefined))
  if ('error' in compiled) return { errors: [compiled.error] }
  for (const namespace of ['shop', 'team-a', undefined])
    compiled.answer({ groupResource: 'pods', ...(namespace === undefined ? {} : { namespace }) }, 'pods')
  return { errors: [] }
}

const owner = { name: 'again', uid: '0bc1bc77-f5d4-c0e7-8487-36a4bfcf6791', cluster: 'c' }

async function journal(dice: Dice): Promise<Shown> {
  const header = { restore: owner.name, uid: owner.uid, cluster: owner.cluster, shard: 'plan' }
  const text = JSON.stringify({ header, content: JSON.parse(dice.oneOf(seeds.items)) as unknown })
  const isInside = dice.below(2) === 0
  const body = isInside
    ? gzipSync(mutateText(text, dice), { level: 1 })
    : mutateBytes(gzipSync(text, { level: 1 }), dice)
  const store = { get: () => Promise.resolve(body) } as unknown as ObjectStore
  try {
    await openJournal(store, owner).read('plan')
    return { errors: [] }
  } catch (thrown) {
    if (!(thrown instanceof ApplicationFailure) || thrown.type !== 'JournalDamaged') throw thrown
    return { errors: [thrown.message], names: `${journalFolder(owner.name, owner.uid)}plan.json.gz` }
  }
}

/** All of them, and how many of a hundred cases are for each: those that are fast get more. */
export const targets = {
  archive: { run: archive, share: 10 },
  item: { run: item, share: 25 },
  spec: { run: spec, share: 25 },
  modifiers: { run: modifiers, share: 12 },
  policies: { run: policies, share: 13 },
  journal: { run: journal, share: 15 },
} satisfies Record<string, { run: Target; share: number }>

/** The name of a target. */
export type TargetName = keyof typeof targets
