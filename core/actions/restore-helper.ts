import { parseDocument } from 'yaml'
import { isJsonMap } from '../items/deep-equal.ts'
import type { Fields } from '../values/fields.ts'

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
  const read = readAs(document.toJS() ?? {}, securityContext)
  return isJsonMap(read) ? read : undefined
}

/** The value in the shape's type, as sigs.k8s.io/yaml converts it; undefined if it does not fit. */
function readAs(value: unknown, shape: Shape): unknown {
  if (value === null) return null
  if (shape === 'boolean') return typeof value === 'boolean' ? value : undefined
  if (shape === 'integer') return Number.isSafeInteger(value) ? value : undefined
  if (shape === 'text') return readText(value)
  if (shape === 'texts') return Array.isArray(value) ? allOrNone(value.map(readText)) : undefined
  return isJsonMap(value) ? readFields(value, shape) : undefined
}

/** A number or a truth value where a text belongs is taken as text. */
function readText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Go's decoder knows a field by its name in any case. */
function readFields(value: Fields, shape: { readonly [field: string]: Shape }): Fields | undefined {
  const fields: Fields = {}
  for (const [key, entry] of Object.entries(value)) {
    const name = Object.keys(shape).find((field) => field.toLowerCase() === key.toLowerCase())
    const kind = name === undefined ? undefined : shape[name]
    if (name === undefined || kind === undefined) return undefined
    const read = readAs(entry, kind)
    if (read === undefined) return undefined
    fields[name] = read
  }
  return fields
}

function allOrNone<T>(values: (T | undefined)[]): T[] | undefined {
  const read = values.filter((value) => value !== undefined)
  return read.length === values.length ? read : undefined
}
