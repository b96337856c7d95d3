/** What is kept of a drill, as a small JSON beside its report. */
export interface DrillRecord {
  drill: string
  /** When it began; RFC 3339. */
  at: string
  /** The restore is Completed, and nothing of it is left. */
  ok: boolean
  /** What happened, in one sentence. */
  sentence: string
  /** The Backup; absent where none was found. */
  backup?: string
  restore: string
  phase?: string
  /** From the creation of the Restore to its end: the recovery time. */
  seconds?: number
  items?: number
  warnings?: number
  errors?: number
  /** The key of its report in the bucket. */
  report?: string
}

/** What is known of a drill at its end. */
export interface DrillFacts {
  drill: string
  at: string
  backup?: string | undefined
  restore: string
  outcome?: Outcome | undefined
  seconds?: number | undefined
  report?: string | undefined
  /** Why the restore did not begin, or was given up. */
  because?: string | undefined
  /** What could not be removed, a clause each. */
  left: readonly string[]
}

/** How the restore ended. */
interface Outcome {
  phase: string
  items: number
  warnings: number
  errors: number
  reason?: string
}

/** Things that are left which a sentence names. */
const leftShownMax = 3
/** The length of a sentence. */
const sentenceMax = 600

/** What is kept of a drill that is over. */
export function drillRecordOf(facts: DrillFacts): DrillRecord {
  const { drill, at, backup, restore, outcome, seconds, report, because, left } = facts
  return {
    drill,
    at,
    ok: because === undefined && outcome?.phase === 'Completed' && left.length === 0,
    sentence: sentenceOf(facts).slice(0, sentenceMax),
    ...(backup !== undefined && { backup }),
    restore,
    ...(outcome !== undefined && {
      phase: outcome.phase,
      items: outcome.items,
      warnings: outcome.warnings,
      errors: outcome.errors,
    }),
    ...(seconds !== undefined && { seconds }),
    ...(report !== undefined && { report }),
  }
}

function sentenceOf({ backup = '', outcome, seconds, because, left }: DrillFacts): string {
  const rest = left.length === 0 ? '' : `; ${leftText(left)}`
  if (because !== undefined) return `${because}${rest}`
  if (outcome === undefined) return `nothing was restored${rest}`
  const { phase, items, warnings, errors, reason } = outcome
  const inTime = seconds === undefined ? '' : ` in ${seconds} s`
  const counts = `${counted(items, 'item')}, ${counted(warnings, 'warning')}, ${counted(errors, 'error')}`
  if (phase === 'Completed') return `backup ${backup} was restored${inTime}: ${counts}${rest}`
  const why = reason === undefined ? counts : reason
  return `the restore of backup ${backup} ended ${phase}${inTime}: ${why}${rest}`
}

function leftText(left: readonly string[]): string {
  const more = left.length > leftShownMax ? `, and ${left.length - leftShownMax} more` : ''
  return `not removed: ${left.slice(0, leftShownMax).join(', ')}${more}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Reads a record from the bucket; undefined where it is none. */
export function parseDrillRecord(text: string): DrillRecord | undefined {
  let value: Partial<DrillRecord> | null
  try {
    value = JSON.parse(text) as Partial<DrillRecord> | null
  } catch {
    return undefined
  }
  const isOne =
    typeof value?.drill === 'string' &&
    typeof value.at === 'string' &&
    !Number.isNaN(Date.parse(value.at)) &&
    typeof value.ok === 'boolean' &&
    typeof value.sentence === 'string'
  return isOne ? (value as DrillRecord) : undefined
}
