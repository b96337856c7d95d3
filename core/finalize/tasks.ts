/** A wrap-up task of the finalization: run after all items and operations, in the order of the list. */
export interface FinalizeTask {
  /** In journal and history. */
  name: string
  /** In the Web UI: what is being done. */
  title: string
}

/** The wrap-up tasks. Adding one is a file in `activities/finalize` and a line here. */
export const finalizeTasks: readonly FinalizeTask[] = []
