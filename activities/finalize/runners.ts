import type { FinalizeTaskRunner } from '../finalize-restore.ts'

/** The code of each wrap-up task, by the name it has in `core/finalize/tasks.ts`. */
export const finalizeTaskRunners: Readonly<Record<string, FinalizeTaskRunner>> = {}
