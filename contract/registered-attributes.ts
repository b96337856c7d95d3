import type { Client } from '@temporalio/client'
import { searchAttributes } from './search-attributes.ts'

/** The number of an indexed value type in Temporal's API: keyword. */
const keyword = 2

/** Whether all search attributes of restores are registered: only then may workflows set them. */
export async function hasSearchAttributes(client: Client, namespace: string): Promise<boolean> {
  try {
    return (await missingAttributes(client, namespace)).length === 0
  } catch {
    return false
  }
}

/** Registers those that are missing and returns their names. A namespace that has one with another type refuses. */
export async function registerSearchAttributes(client: Client, namespace: string): Promise<string[]> {
  const missing = await missingAttributes(client, namespace)
  if (missing.length === 0) return []
  await client.connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
  })
  return missing
}

async function missingAttributes(client: Client, namespace: string): Promise<string[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace })
  return searchAttributes.map(({ name }) => name).filter((name) => !(name in (customAttributes ?? {})))
}
