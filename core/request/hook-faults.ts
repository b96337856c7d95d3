import type { RestoreResourceHookSpec } from '../../velero/restore.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'
import { decodeShape } from '../values/decode-shape.ts'
import type { Shape } from '../values/decode-shape.ts'

/**
 * The errors in a restore's hooks in Velero's words. If a selector is invalid, only that error is returned; otherwise
 * the errors of all init containers.
 */
export function hookFaults(hooks: readonly RestoreResourceHookSpec[]): string[] {
  for (const { labelSelector } of hooks) {
    const compiled = labelSelector && compileLabelSelector(labelSelector)
    if (compiled && 'error' in compiled) return [`invalid restore hooks: ${compiled.error}`]
  }
  return hooks.flatMap(({ name, postHooks }) =>
    (postHooks ?? [])
      .flatMap(({ init }) => init?.initContainers ?? [])
      .map(containerFault)
      .filter((fault) => fault !== undefined)
      .map((fault) => `invalid init container in restore hook ${JSON.stringify(name)}: ${fault}`),
  )
}

/** The fields that a hook needs. Velero's decoder also refuses other fields of a wrong type. */
const containerShape: Shape = {
  fields: { name: 'text', image: 'text', command: { list: 'text' }, args: { list: 'text' } },
}

function containerFault(container: unknown): string | undefined {
  const decoded = decodeShape(container, containerShape, { anyCase: true, ignoresUnknown: true })
  if ('error' in decoded) return decoded.error
  const { name = '', image = '', command = [] } = (decoded.value ?? {}) as Partial<InitContainer>
  if (name !== '' && image !== '' && command.length > 0) return undefined
  return "invalid InitContainer in restore hook, it doesn't have Command, Name or Image field"
}

interface InitContainer {
  name: string
  image: string
  command: string[]
}
