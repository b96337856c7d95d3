import { parseDocument } from 'yaml'
import { isJsonMap } from '../items/deep-equal.ts'
import type { Fields } from './fields.ts'

/**
 * The security context that the settings `secCtxRunAsUser`, `secCtxRunAsGroup`, `secCtxAllowPrivilegeEscalation` and
 * `secCtx` describe; the last one is YAML and wins over the others. Undefined if none is set or one cannot be read:
 * as in Velero a mistake in one of them voids them all.
 */
export function parseSecurityContext(config: Record<string, string>): Fields | undefined {
  const context: Fields = {}
  let isSet = false
  for (const { key, field, read } of settings) {
    const text = config[key]
    if (!text) continue
    const value = read(text)
    if (value === undefined) return undefined
    context[field] = value
    isSet = true
  }
  const text = config['secCtx']
  if (!text) return isSet ? context : undefined
  const fields = readYaml(text)
  return fields === undefined ? undefined : { ...context, ...fields }
}

const settings: readonly { key: string; field: string; read: (text: string) => number | boolean | undefined }[] = [
  { key: 'secCtxRunAsUser', field: 'runAsUser', read: readInteger },
  { key: 'secCtxRunAsGroup', field: 'runAsGroup', read: readInteger },
  { key: 'secCtxAllowPrivilegeEscalation', field: 'allowPrivilegeEscalation', read: readBoolean },
]

function readInteger(text: string): number | undefined {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : undefined
}

/** The words that Go takes for a truth value. */
function readBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined
}

type Shape = 'boolean' | 'integer' | 'text' | 'texts' | { readonly [field: string]: Shape }

/** What a SecurityContext may hold. Anything else is a mistake, since the reading is strict. */
const securityContext: Shape = {
  allowPrivilegeEscalation: 'boolean',
  appArmorProfile: { type: 'text', localhostProfile: 'text' },
  capabilities: { add: 'texts', drop: 'texts' },
  privileged: 'boolean',
  procMount: 'text',
  readOnlyRootFilesystem: 'boolean',
  runAsGroup: 'integer',
  runAsNonRoot: 'boolean',
  runAsUser: 'integer',
  seLinuxOptions: { user: 'text', role: 'text', type: 'text', level: 'text' },
  seccompProfile: { type: 'text', localhostProfile: 'text' },
  windowsOptions: {
    gmsaCredentialSpecName: 'text',
    gmsaCredentialSpec: 'text',
    runAsUserName: 'text',
    hostProcess: 'boolean',
  },
}

/** Velero reads YAML 1.1, where `yes` is a truth value. An empty document sets nothing, but is no mistake. */
function readYaml(text: string): Fields | undefined {
  const document = parseDocument(text, { version: '1.1', uniqueKeys: true })
  if (document.errors.length > 0) return undefined
  const value: unknown = document.toJS()
  if (value === null || value === undefined) return {}
  return isJsonMap(value) && fits(value, securityContext) ? value : undefined
}

function fits(value: unknown, shape: Shape): boolean {
  if (value === null) return true
  if (shape === 'boolean') return typeof value === 'boolean'
  if (shape === 'integer') return Number.isSafeInteger(value)
  if (shape === 'text') return typeof value === 'string'
  if (shape === 'texts') return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
  if (!isJsonMap(value)) return false
  return Object.keys(value).every((key) => {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined
    return field !== undefined && fits(value[key], field)
  })
}
