import { veleroVersion } from '../../velero/defaults.ts'
import { decodeShape } from '../values/decode-shape.ts'
import type { Shape } from '../values/decode-shape.ts'
import type { Fields } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import { compareQuantities, isQuantity } from '../values/quantity.ts'
import { readYaml } from '../values/yaml.ts'

/** The image of Velero's release, for clusters without a Deployment `velero`. */
const releasedImage = `velero/velero:${veleroVersion}`

/**
 * The image of the restore helper, the container that waits for files. A configured image without a slash is ignored,
 * and the image of Velero's server is used. A missing tag becomes the version of Velero.
 */
export function restoreHelperImage(configured: string | undefined, veleroImage: string | undefined): string {
  const fallback = veleroImage || releasedImage
  if (!configured) return fallback
  const slash = configured.lastIndexOf('/')
  if (slash < 0) return fallback
  return configured.slice(slash + 1).includes(':') ? configured : `${configured}:${veleroVersion}`
}

const defaults: HelperResources = {
  cpu: { request: '100m', limit: '100m' },
  memory: { request: '128Mi', limit: '128Mi' },
}

/**
 * Requests and limits of the restore helper. `0` means no bound. If one of the four values is not valid, or a request
 * exceeds its limit, all four are the defaults, as in Velero.
 */
export function restoreHelperResources(config: Record<string, string>): Record<string, Record<string, string>> {
  const wanted: HelperResources = {
    cpu: pair(config['cpuRequest'], config['cpuLimit'], defaults.cpu),
    memory: pair(config['memRequest'], config['memLimit'], defaults.memory),
  }
  const { cpu, memory } = isValid(wanted.cpu) && isValid(wanted.memory) ? wanted : defaults
  const requests = bounded({ cpu: cpu.request, memory: memory.request })
  const limits = bounded({ cpu: cpu.limit, memory: memory.limit })
  return {
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  }
}

interface HelperResources {
  cpu: Bounds
  memory: Bounds
}

interface Bounds {
  request: string
  limit: string
}

/** Only `0` without a unit means no bound, as in Velero. */
const unbounded = '0'

function pair(request: string | undefined, limit: string | undefined, or: Bounds): Bounds {
  return { request: request || or.request, limit: limit || or.limit }
}

function isValid({ request, limit }: Bounds): boolean {
  if (!isQuantity(request) || !isQuantity(limit)) return false
  return limit === unbounded || compareQuantities(request, limit) <= 0
}

function bounded(quantities: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(quantities).filter(([, quantity]) => quantity !== unbounded))
}

/**
 * The security context of the restore helper. The first row that applies decides:
 *
 * | there is | it is |
 * |---|---|
 * | a valid security context in the action's settings | that one alone |
 * | a security context of the pod's first container | a copy of it |
 * | a user or a group in the pod's security context | the default with these; for root with the pod's `runAsNonRoot` |
 * | none of these | the default, which Pod Security admits at level `restricted` |
 */
export function restoreHelperSecurity({ config, firstContainer, pod }: SecuritySources): Fields {
  return parseSecurityContext(config) ?? cloneManifest(firstContainer) ?? contextOfPodUser(pod) ?? defaultContext()
}

/** Where the security context may come from. */
export interface SecuritySources {
  config: Record<string, string>
  /** `securityContext` of the pod's first container. */
  firstContainer: Fields | undefined
  /** `securityContext` of the pod. */
  pod: Fields | undefined
}

/** The default with user and group of the pod, so that the pod can read the files. */
function contextOfPodUser(pod: Fields | undefined): Fields | undefined {
  const runAsUser = pod?.['runAsUser'] ?? undefined
  const runAsGroup = pod?.['runAsGroup'] ?? undefined
  if (runAsUser === undefined && runAsGroup === undefined) return undefined
  const context = defaultContext()
  if (runAsUser !== undefined) context['runAsUser'] = runAsUser
  if (runAsGroup !== undefined) context['runAsGroup'] = runAsGroup
  if (runAsUser !== 0) return context
  delete context['runAsNonRoot']
  const nonRoot = pod?.['runAsNonRoot'] ?? undefined
  return nonRoot === undefined ? context : { ...context, runAsNonRoot: nonRoot }
}

function defaultContext(): Fields {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
    runAsUser: 1000,
    runAsNonRoot: true,
  }
}

/**
 * The security context in the settings `secCtxRunAsUser`, `secCtxRunAsGroup`, `secCtxAllowPrivilegeEscalation` and
 * `secCtx`. The last one is YAML and wins over the others. Undefined if none is set, or if one is not valid: then
 * Velero ignores all of them.
 */
function parseSecurityContext(config: Record<string, string>): Fields | undefined {
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
  const fields = readContext(text)
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

/** Reads a boolean as Go's `strconv.ParseBool`. */
function readBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined
}

const texts: Shape = { list: 'text' }

/** The fields of a SecurityContext. Any other field is an error, since Velero decodes it strictly. */
const securityContext: Shape = {
  fields: {
    allowPrivilegeEscalation: 'boolean',
    appArmorProfile: { fields: { type: 'text', localhostProfile: 'text' } },
    capabilities: { fields: { add: texts, drop: texts } },
    privileged: 'boolean',
    procMount: 'text',
    readOnlyRootFilesystem: 'boolean',
    runAsGroup: 'integer',
    runAsNonRoot: 'boolean',
    runAsUser: 'integer',
    seLinuxOptions: { fields: { user: 'text', role: 'text', type: 'text', level: 'text' } },
    seccompProfile: { fields: { type: 'text', localhostProfile: 'text' } },
    windowsOptions: {
      fields: {
        gmsaCredentialSpecName: 'text',
        gmsaCredentialSpec: 'text',
        runAsUserName: 'text',
        hostProcess: 'boolean',
      },
    },
  },
}

/** An empty document is valid and sets nothing. */
function readContext(text: string): Fields | undefined {
  const read = readYaml(text, { scalars: 'json', repeatedKeys: 'refused' })
  if ('error' in read) return undefined
  const decoded = decodeShape(read.value ?? {}, securityContext, { anyCase: true, convertsScalars: true })
  return 'error' in decoded ? undefined : (decoded.value as Fields)
}
