import type { Client } from '@temporalio/client'
import { searchAttributes } from '../workflows/search-attributes.ts'

/** Whether all search attributes of restores are registered: only then may workflows set them. */
export async function registeredAttributes(client: Client, namespace: string): Promise<boolean> {
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace })
    return searchAttributes.every((attribute) => attribute.name in (customAttributes ?? {}))
  } catch {
    return false
  }
}
