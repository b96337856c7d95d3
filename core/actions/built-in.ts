import type { ItemAction } from './action.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'

/**
 * Velero's own actions in the order in which they run on one item: first those of the older plugin interface, then
 * those of the newer one, each by name. What an action does to an item is what the next one sees.
 */
export const builtInActions: readonly ItemAction[] = [secret, serviceAccount]
