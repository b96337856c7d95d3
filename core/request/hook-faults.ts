import type { RestoreResourceHookSpec } from '../../velero/restore.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'

/**
 * What is wrong with a restore's hooks, in Velero's words. A selector that does not compile hides everything else;
 * otherwise each init container is looked at.
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

/** Only the fields that a hook needs are looked at; Velero's decoder would also object to others of the wrong kind. */
function containerFault(container: unknown): string | undefined {
  if (container !== null && jsonKind(container) !== 'object') {
    return `json: cannot unmarshal ${jsonKind(container)} into Go value of type v1.Container`
  }
  const fields = new Map(Object.entries(container ?? {}).map(([name, value]) => [name.toLowerCase(), value as unknown]))
  for (const [field, value] of fields) {
    const fault = fieldFault(field, value)
    if (fault !== undefined) return fault
  }
  const command = fields.get('command')
  if (Array.isArray(command) && command.length > 0 && isText(fields.get('name')) && isText(fields.get('image')))
    return undefined
  return "invalid InitContainer in restore hook, it doesn't have Command, Name or Image field"
}

function fieldFault(field: string, value: unknown): string | undefined {
  switch (field) {
    case 'name':
    case 'image':
      return stringFault(field, value)
    case 'command':
    case 'args':
      return stringsFault(field, value)
    default:
      return undefined
  }
}

function stringsFault(field: string, value: unknown): string | undefined {
  if (value === null) return undefined
  if (!Array.isArray(value)) return mismatch(field, value, '[]string')
  const wrong: unknown = value.find((item) => item !== null && typeof item !== 'string')
  return wrong === undefined ? undefined : mismatch(field, wrong, 'string')
}

function stringFault(field: string, value: unknown): string | undefined {
  return value === null || typeof value === 'string' ? undefined : mismatch(field, value, 'string')
}

function mismatch(field: string, value: unknown, type: string): string {
  return `json: cannot unmarshal ${jsonKind(value)} into Go struct field Container.${field} of type ${type}`
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'object':
      return 'object'
    case 'number':
      return 'number'
    default:
      return 'string'
  }
}
