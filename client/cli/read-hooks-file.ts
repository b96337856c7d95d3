import type { RestoreSpec } from '../../velero/restore.ts'
import { readYamlFile } from './read-files.ts'

type Hooks = NonNullable<RestoreSpec['hooks']>

/** Reads the hooks of a spec: `resources: […]`, the same under `hooks:`, or the list alone. The API server checks their fields. */
export function readHooksFile(path: string): Hooks {
  const content = readYamlFile(path)
  const hooks = isRecord(content) && 'hooks' in content ? content['hooks'] : content
  const resources = isRecord(hooks) ? hooks['resources'] : hooks
  if (Array.isArray(resources) && resources.length > 0 && resources.every(isRecord))
    return { resources: resources as unknown as NonNullable<Hooks['resources']> }
  throw new Error(`${path} holds no hooks: it takes a list of them under "resources"`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
