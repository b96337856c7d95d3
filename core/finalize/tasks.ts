/** A wrap-up task of the finalization: run after all items and operations, in the order of the list. */
export interface FinalizeTask {
  /** In journal and history. */
  name: string
  /** In the Web UI: what is being done. */
  title: string
  /** How long it may go on before it is given up: seconds, or so many times the worker's resource timeout. */
  deadline: { seconds: number } | { resourceTimeouts: number }
}

/**
 * The wrap-up tasks, first what changes the restored objects back, then what takes our own traces away, what others have
 * begun, and a last look at it all. Adding one is a file in `activities/finalize` and a line here, see docs/finalization.md.
 */
export const finalizeTasks: readonly FinalizeTask[] = [
  {
    name: 'patch-volumes',
    title: 'give new volumes their reclaim policy and labels',
    deadline: { resourceTimeouts: 1.1 },
  },
  { name: 'clean-up', title: 'remove what was made for the restore alone', deadline: { resourceTimeouts: 1.1 } },
  { name: 'await-hooks', title: 'wait for hooks', deadline: { resourceTimeouts: 1.1 } },
  { name: 'validate', title: 'look at the restored objects once more', deadline: { resourceTimeouts: 1.1 } },
  { name: 'tidy-journal', title: 'tidy the journal', deadline: { seconds: 600 } },
]

/** The task of that name. */
export function finalizeTaskOf(name: string): FinalizeTask | undefined {
  return finalizeTasks.find((task) => task.name === name)
}

/** The deadline of a task in seconds. */
export function deadlineSeconds({ deadline }: FinalizeTask, resourceTimeoutSeconds: number): number {
  return 'seconds' in deadline ? deadline.seconds : deadline.resourceTimeouts * resourceTimeoutSeconds
}
