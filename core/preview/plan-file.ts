import type { Backup } from '../../velero/backup.ts'
import { parseItemKey } from '../items/outcome.ts'
import type { Finding, Outcome } from '../items/outcome.ts'
import type { Tally } from '../results/tally.ts'
import { forEachInSteps, sortInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { cameTo, verdictOf } from './verdict.ts'
import type { CameTo, Verdict } from './verdict.ts'

/** What a plan says about one item. No value of a field is in it (rule 14). */
export interface PlanLine extends Pick<Finding, 'fields' | 'dependsOn' | 'unasked'> {
  /** The key of the item in plan and restore. */
  key: string
  /** As the resource list names it: `apps/v1/Deployment`; the resource where the manifest was not read. */
  kind: string
  /** With the target namespace: `shop/web`. */
  name: string
  verdict: Verdict
  /** What the restore is expected to list for it. */
  as: CameTo
  /** Why: the server's words, or the rule that leaves it out. */
  because?: string
}

/** A plan as it is kept beside the files of its Restore. */
export interface PlanFile {
  version: 1
  plan: { name: string; namespace: string; uid: string; madeAt: string }
  backup: BackupMark
  /** Of the archive from which the plan was made. */
  etag: string
  cluster: { id: string; kinds: string }
  counts: Partial<Record<Verdict, number>>
  /** What is true of the plan as a whole. */
  notes: readonly string[]
  items: readonly PlanLine[]
}

/** By what a backup is known again: one that is made again under its name has another uid or another time. */
export interface BackupMark {
  name: string
  uid?: string
  completedAt?: string
}

/** The mark of a Backup. */
export function backupMark({ metadata, status }: Backup): BackupMark {
  const { name, uid } = metadata
  const completedAt = status?.['completionTimestamp']
  return { name, ...(uid === undefined ? {} : { uid }), ...(typeof completedAt === 'string' ? { completedAt } : {}) }
}

/** The plan that a tally of dry runs comes to, its items by key. In steps: a plan may have a million items. */
export function* planFileInSteps(
  tally: Tally,
  about: Omit<PlanFile, 'version' | 'counts' | 'items' | 'notes'> & { notes?: readonly string[] },
): Steps<PlanFile> {
  const counts: Partial<Record<Verdict, number>> = {}
  const items: PlanLine[] = []
  const notes = [...(about.notes ?? [])]
  yield* forEachInSteps(tally.values(), (outcome) => {
    const line = planLine(outcome)
    if (line === undefined) notes.push(...outcome.messages.map(({ text }) => text))
    else {
      items.push(line)
      counts[line.verdict] = (counts[line.verdict] ?? 0) + 1
    }
  })
  const sorted = yield* sortInSteps(items, (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { version: 1, ...about, counts, notes, items: sorted }
}

/** The line of an item; undefined for a step of the restore, whose messages are about the plan as a whole. */
export function planLine(outcome: Outcome): PlanLine | undefined {
  const { key, listed, messages, because, finding = {} } = outcome
  const item = parseItemKey(key)
  if (item === undefined) return undefined
  const verdict = verdictOf(outcome)
  const { dependsOn, unasked } = finding
  const why = messages.length > 0 ? messages.map(({ text }) => text).join('; ') : because
  const inBackup = item.namespace === undefined ? item.name : `${item.namespace}/${item.name}`
  return {
    key,
    kind: listed?.kind ?? item.groupResource,
    name: listed?.name ?? inBackup,
    verdict,
    as: cameTo(outcome),
    ...(verdict === 'update' && finding.fields !== undefined ? { fields: finding.fields } : {}),
    ...(dependsOn === undefined ? {} : { dependsOn }),
    ...(unasked === undefined ? {} : { unasked }),
    ...(why === undefined ? {} : { because: why }),
  }
}

/** A fingerprint of what kinds a cluster serves, for `hash`: it changes with each CRD and each version of Kubernetes that changes kinds. */
export function kindsText(resources: readonly { group: string; version: string; resource: string }[]): string {
  return resources
    .map(({ group, version, resource }) => `${group}/${version}/${resource}`)
    .sort()
    .join('\n')
}

/** What a plan is compared with before it is carried out. */
export interface PlanNow {
  /** The backup as it is now; undefined where it is gone. */
  backup: BackupMark | undefined
  cluster: { id: string; kinds: string }
}

/** Why a plan cannot be carried out any more, in one sentence; undefined where it can. */
export function whyStale({ plan, backup, cluster }: Omit<PlanFile, 'items'>, now: PlanNow): string | undefined {
  const again = `make a new plan`
  const { name } = plan
  if (now.cluster.id !== cluster.id) return `plan ${name} was made for another cluster: ${again}`
  if (now.backup === undefined) return `plan ${name} is of backup ${backup.name}, which is gone: ${again}`
  if (now.backup.uid !== backup.uid || now.backup.completedAt !== backup.completedAt)
    return `backup ${backup.name} was made again since plan ${name} of ${plan.madeAt}: ${again}`
  if (now.cluster.kinds !== cluster.kinds)
    return `the cluster serves other kinds or versions since plan ${name} of ${plan.madeAt}: ${again}`
  return undefined
}
