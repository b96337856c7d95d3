import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { ItemAction, ResourceList, Result, Results } from '../../velero/results.ts'
import { error, warning } from '../items/outcome.ts'
import type { Message, Outcome } from '../items/outcome.ts'

/** A result file that Velero wrote: its content, the error in it, or undefined if it does not exist. */
export type FoundFile<T> = { content: T } | { problem: string } | undefined

/** The result files of a restore that Velero did not finish. */
export interface VeleroFiles {
  results: FoundFile<Results>
  resourceList: FoundFile<ResourceList>
  operations: FoundFile<RestoreOperation[]>
}

/** What else is known of such a restore. */
export interface InheritedFrom {
  /** Its phase when it was taken over. */
  phase: RestorePhase | ''
  /** Its spec has hooks. Their results are lost: Velero keeps them in memory only. */
  hasHooks: boolean
  /** The objects of the resource list that exist in the cluster, by kind and name as in the list. */
  objects: ReadonlyMap<string, ObjectRef & { uid: string }>
  at: string
}

/**
 * The outcomes of a restore that Drydock takes over from Velero, from the result files: one for each item of the
 * resource list and each operation, and one for all messages. A file that cannot be read becomes an error that names
 * it; a missing one counts as empty, as in Velero.
 */
export function inheritedOutcomes(files: VeleroFiles, from: InheritedFrom): Outcome[] {
  const messages = [...problemsOf(files), ...messagesOf(contentOf(files.results))]
  const operations = contentOf(files.operations) ?? []
  messages.push(...untoldErrors(operations, messages))
  if (from.hasHooks)
    messages.push(
      warning(
        'velero',
        'hooks of this restore were begun by a Velero server that is gone: what became of them is not known',
      ),
    )
  if (from.phase.endsWith('PartiallyFailed') && !messages.some(({ severity }) => severity === 'error'))
    messages.push(error('velero', `Velero left this restore in phase ${from.phase} without an error that says why`))
  return [
    { key: 'inherited/results', messages, at: from.at },
    ...itemsOf(contentOf(files.resourceList) ?? {}, from),
    ...operations.map((operation) => ({
      key: `inherited/operation/${operation.spec.operationID}`,
      messages: [],
      operation,
      at: from.at,
    })),
  ]
}

function contentOf<T>(file: FoundFile<T>): T | undefined {
  return file !== undefined && 'content' in file ? file.content : undefined
}

function problemsOf(files: VeleroFiles): Message[] {
  return [files.results, files.resourceList, files.operations].flatMap((file) =>
    file !== undefined && 'problem' in file ? [error('velero', file.problem)] : [],
  )
}

function messagesOf(results: Results | undefined): Message[] {
  return [...inResult(results?.errors, error), ...inResult(results?.warnings, warning)]
}

function inResult(result: Result | undefined, make: typeof error): Message[] {
  const { velero = [], cluster = [], namespaces = {} } = result ?? {}
  return [
    ...velero.map((text) => make('velero', text)),
    ...cluster.map((text) => make('cluster', text)),
    ...Object.entries(namespaces).flatMap(([name, texts]) => texts.map((text) => make(`namespace:${name}`, text))),
  ]
}

/** The errors of failed operations that are not in the results: Velero counts them without a message. */
function untoldErrors(operations: readonly RestoreOperation[], told: readonly Message[]): Message[] {
  return operations
    .filter(({ status }) => status.phase === 'Failed')
    .map(({ status }) => `error from restore item operation: ${status.error ?? ''}`)
    .filter((text) => !told.some((message) => message.text === text))
    .map((text) => error('velero', text))
}

function itemsOf(list: ResourceList, from: InheritedFrom): Outcome[] {
  return Object.entries(list).flatMap(([kind, entries]) =>
    entries.flatMap((entry) => {
      const found = parseEntry(entry)
      if (found === undefined) return []
      const object = from.objects.get(`${kind}|${found.name}`)
      return [
        {
          key: `inherited/item/${kind}/${found.name}(${found.action})`.replaceAll('|', '%7C'),
          action: found.action,
          listed: { kind, name: found.name },
          ...(object === undefined ? {} : { object }),
          messages: [],
          at: from.at,
        },
      ]
    }),
  )
}

/** Reads an entry of a resource list, such as `shop/web(created)`; undefined if it has another form. */
export function parseEntry(entry: string): { name: string; action: ItemAction } | undefined {
  const [, name, action] = /^(.*)\((created|updated|skipped|failed)\)$/s.exec(entry) ?? []
  return name === undefined || action === undefined ? undefined : { name, action: action as ItemAction }
}
