import type { Client } from '@temporalio/client'
import { keyword } from './messages.ts'

// Temporal never encrypts search attributes, so they hold names and phases only.

/** The name of the Restore. */
export const restoreAttribute = keyword('DrydockRestore')
/** The name of the Backup, or of the Schedule. */
export const backupAttribute = keyword('DrydockBackup')
/** Velero's namespace. */
export const namespaceAttribute = keyword('DrydockNamespace')
/** The phase of the Restore. */
export const phaseAttribute = keyword('DrydockPhase')
/** `running`, `ok`, `partial`, `failed` or `cancelled`. */
export const outcomeAttribute = keyword('DrydockOutcome')

const searchAttributes = [
  restoreAttribute,
  backupAttribute,
  namespaceAttribute,
  phaseAttribute,
  outcomeAttribute,
] as const

/** The names of all of them. */
export const searchAttributeNames: readonly string[] = searchAttributes.map(({ name }) => name)

/** `INDEXED_VALUE_TYPE_KEYWORD` in Temporal's API. */
const keywordType = 2

/** Whether all search attributes are registered: only then may a workflow set them. False where Temporal does not say. */
export async function hasSearchAttributes(client: Client, namespace: string): Promise<boolean> {
  try {
    return (await missingAttributes(client, namespace)).length === 0
  } catch {
    return false
  }
}

/**
 * Registers the search attributes that are missing and returns their names. Throws Temporal's error, for instance where
 * the namespace has an attribute of the same name and another type.
 */
export async function registerSearchAttributes(client: Client, namespace: string): Promise<string[]> {
  const missing = await missingAttributes(client, namespace)
  if (missing.length === 0) return []
  await client.connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, keywordType])),
  })
  return missing
}

/** The names of the search attributes that are not registered. Throws Temporal's error where it does not say. */
export async function missingAttributes(client: Client, namespace: string): Promise<string[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace })
  return searchAttributes.map(({ name }) => name).filter((name) => !(name in (customAttributes ?? {})))
}
