import type { RestoreStatus } from '../../velero/restore.ts'

/** What an Event says of a phase: its reason is the phase itself. Nothing for a restore that nobody has begun. */
export function phaseEvent(
  status: RestoreStatus | undefined,
): { type: 'Normal' | 'Warning'; reason: string; note: string } | undefined {
  const phase = status?.phase
  if (status === undefined || phase === undefined || phase === '' || phase === 'New') return undefined
  const isTrouble = phase.includes('Failed')
  const counts = [count(status.errors, 'error'), count(status.warnings, 'warning')].filter((text) => text !== '')
  const because = [status.failureReason ?? '', ...(status.validationErrors ?? []), counts.join(', ')].filter(Boolean)
  const note = [`the restore is in phase ${phase}`, ...because].join(': ')
  return { type: isTrouble ? 'Warning' : 'Normal', reason: phase, note }
}

function count(value: number | undefined, word: string): string {
  if (value === undefined || value === 0) return ''
  return `${value} ${word}${value === 1 ? '' : 's'}`
}
