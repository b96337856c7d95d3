import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { ClientError } from './client-error.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { readYamlFile } from '../cli/read-files.ts'
import { applySpecFlags } from '../cli/spec-options.ts'

/** What `start` was given. */
export interface ComposeOptions {
  name?: string | undefined
  namespace: string
  /** A manifest that the options are laid over. */
  file?: Restore | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  /** Everything commander read, for the fields of the spec. */
  specOptions: Readonly<Record<string, unknown>>
  now: Date
}

/** The Restore to create, by a file, by options, or by both: options win. */
export function composeRestore(options: ComposeOptions): Restore {
  const { file } = options
  const spec = applySpecFlags(file?.spec ?? {}, options.specOptions)
  checkSpec(spec)
  return restoreOf(spec, {
    name: options.name ?? file?.metadata.name,
    namespace: options.namespace,
    labels: { ...file?.metadata.labels, ...options.labels },
    annotations: { ...file?.metadata.annotations, ...options.annotations },
    now: options.now,
  })
}

/** A Restore of that spec; without a name it gets its source's and the time. */
export function restoreOf(
  spec: RestoreSpec,
  meta: {
    name?: string | undefined
    namespace: string
    labels?: Record<string, string> | undefined
    annotations?: Record<string, string> | undefined
    now: Date
  },
): Restore {
  const { labels = {}, annotations = {} } = meta
  const source = spec.scheduleName === undefined || spec.scheduleName === '' ? spec.backupName : spec.scheduleName
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: {
      name: meta.name ?? `${source ?? 'restore'}-${stamp(meta.now)}`,
      namespace: meta.namespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec,
  }
}

/** Reads `--file`: a Restore as kubectl would apply it. Its status and the server's own metadata are left out. */
export function readRestoreFile(path: string): Restore {
  let content: Partial<Restore> | undefined
  try {
    content = readYamlFile(path) as Partial<Restore> | undefined
  } catch (thrown) {
    throw new ClientError(exitCodes.usage, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
  }
  if (content?.kind !== 'Restore' || content.apiVersion !== 'velero.io/v1')
    throw new ClientError(exitCodes.usage, `${path} holds no Restore of velero.io/v1`)
  const { name, namespace, labels, annotations } = content.metadata ?? {}
  const metadata = { name, namespace, labels, annotations } as Restore['metadata']
  return { apiVersion: 'velero.io/v1', kind: 'Restore', metadata, spec: content.spec ?? {} }
}

/** What Velero's own command line refuses; contradictions in the lists are found by the rules of admission. */
function checkSpec(spec: RestoreSpec): void {
  const given = (name: string | undefined) => name !== undefined && name !== ''
  if (given(spec.backupName) === given(spec.scheduleName))
    throw new ClientError(exitCodes.usage, 'either --from-backup or --from-schedule is needed, and not both')
  if (spec.labelSelector && spec.orLabelSelectors)
    throw new ClientError(exitCodes.usage, '--selector and --or-selector exclude each other')
  if (spec.restoreStatus?.excludedResources && !spec.restoreStatus.includedResources)
    throw new ClientError(
      exitCodes.usage,
      '--status-exclude-resources has no effect without --status-include-resources',
    )
}

/** Local time, as in the names that Velero's command line gives. */
function stamp(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`
  return `${day}${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`
}
