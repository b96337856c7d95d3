import type { FinalizeTaskRunner } from './finalize-restore.ts'
import { awaitHooks } from './await-hooks.ts'
import { cleanUp } from './clean-up.ts'
import { patchVolumes } from './patch-volumes.ts'
import { tidyJournal } from './tidy-journal.ts'
import { validate } from './validate.ts'

/** The code of each wrap-up task, by the name it has in `core/finalize/tasks.ts`. */
export const finalizeTaskRunners: Readonly<Record<string, FinalizeTaskRunner>> = {
  'patch-volumes': patchVolumes,
  'clean-up': cleanUp,
  'await-hooks': awaitHooks,
  validate,
  'tidy-journal': tidyJournal,
}
