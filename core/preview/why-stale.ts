import type { BackupMark, PlanFile } from './plan-file.ts'

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
