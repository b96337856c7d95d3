import { defineSearchAttributeKey } from '@temporalio/common'

/** Typed search attributes of restore workflows. They are never encrypted: names and phases only. */
export const restoreAttribute = defineSearchAttributeKey('DrydockRestore', 'KEYWORD')
export const backupAttribute = defineSearchAttributeKey('DrydockBackup', 'KEYWORD')
export const namespaceAttribute = defineSearchAttributeKey('DrydockNamespace', 'KEYWORD')
export const phaseAttribute = defineSearchAttributeKey('DrydockPhase', 'KEYWORD')
/** `running`, `ok`, `partial`, `failed` or `cancelled`. */
export const outcomeAttribute = defineSearchAttributeKey('DrydockOutcome', 'KEYWORD')

/** All of them, for registering. */
export const searchAttributes = [
  restoreAttribute,
  backupAttribute,
  namespaceAttribute,
  phaseAttribute,
  outcomeAttribute,
] as const
