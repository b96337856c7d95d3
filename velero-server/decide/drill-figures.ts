import type { DrillRecord } from '../../core/drill/drill-record.ts'

/** What is known of a drill. */
export interface DrillFacts {
  name: string
  /** The memo of its Temporal Schedule. */
  memo: { createdAt?: string } | undefined
  paused: boolean
  /** In any order. */
  records: readonly DrillRecord[]
}

/** The figures of a drill, in the shape of `DrillFigures`: times in seconds since 1970. */
export function drillFigures({ name, memo, paused, records }: DrillFacts) {
  const newestFirst = [...records].sort((a, b) => (a.at < b.at ? 1 : -1))
  const [last] = newestFirst
  const success = newestFirst.find(({ ok }) => ok)
  return {
    drill: name,
    createdAt: secondsOf(memo?.createdAt ?? ''),
    paused,
    ...(last !== undefined && { lastOk: last.ok }),
    ...(success !== undefined && { lastSuccessAt: secondsOf(success.at) }),
    ...(success?.seconds !== undefined && { lastSeconds: success.seconds }),
  }
}

function secondsOf(time: string): number {
  const milliseconds = Date.parse(time)
  return Number.isNaN(milliseconds) ? 0 : milliseconds / 1000
}
