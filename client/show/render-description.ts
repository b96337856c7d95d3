import { stringify } from 'yaml'
import type { Result } from '../../velero/results.ts'
import type { Description, FailureGroup } from '../api/describe-restore.ts'
import { progressSentence } from './progress.ts'

/** Messages of one kind that are shown; the result file has them all. */
const messagesMax = 100
/** Causes of messages that are shown. */
const causesMax = 10

/** A description for people: short facts first, then spec and messages. */
export function renderDescription(description: Description): string {
  return [
    facts(description),
    section('Spec', yaml(description.spec)),
    ...messages(description),
    ...details(description),
  ].join('\n\n')
}

function facts(description: Description): string {
  const { status, progress, workflow } = description
  const rows: [string, string | undefined][] = [
    ['Name', `${description.namespace}/${description.name}`],
    ['Uid', description.uid],
    ['Created', description.created],
    ['Labels', joined(description.labels)],
    ['Annotations', joined(description.annotations)],
    ['Phase', status.phase || 'New'],
    ['Reason', status.failureReason],
    ['Now', progress === undefined ? undefined : progressSentence(progress, { itemsPerSecond: 0 })],
    ['Started', status.startTimestamp],
    ['Completed', status.completionTimestamp ?? undefined],
    ['Items', itemsOf(status.progress)],
    ['Warnings', String(status.warnings ?? 0)],
    ['Errors', String(status.errors ?? 0)],
    ['Remarks', description.remarks],
    ['Undone', undoneOf(description.undone)],
    ['Operations', operationsOf(status)],
    ['Hooks', hooksOf(status.hookStatus)],
    ['Workflow', workflow.id],
    ['', workflow.status],
    ['', workflow.url],
  ]
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '')
  return shown.map(([title, text]) => `${(title === '' ? '' : `${title}:`).padEnd(13)}${text}`).join('\n')
}

function undoneOf(undone: Description['undone']): string | undefined {
  if (undone === undefined) return undefined
  const { state, at, text } = undone
  return [`${state} at ${at}`, ...(text === undefined ? [] : [text])].join(': ')
}

function itemsOf(progress: Description['status']['progress']): string | undefined {
  return progress?.totalItems === undefined ? undefined : `${progress.itemsRestored ?? 0} of ${progress.totalItems}`
}

function operationsOf(status: Description['status']): string | undefined {
  const { restoreItemOperationsAttempted: attempted } = status
  if (attempted === undefined) return undefined
  const { restoreItemOperationsCompleted: completed = 0, restoreItemOperationsFailed: failed = 0 } = status
  return `${completed} of ${attempted} completed, ${failed} failed`
}

function hooksOf(hooks: Description['status']['hookStatus']): string | undefined {
  return hooks === undefined ? undefined : `${hooks.hooksAttempted ?? 0} attempted, ${hooks.hooksFailed ?? 0} failed`
}

function joined(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}

function messages(description: Description): string[] {
  const { status, results, causes, resultsMissing, troubles } = description
  return [
    ...listed('Validation errors', status.validationErrors ?? []),
    ...byCause('Errors by cause', causes?.errors),
    ...byCause('Warnings by cause', causes?.warnings),
    ...listed('Errors', linesOf(results?.errors)),
    ...listed('Warnings', linesOf(results?.warnings)),
    ...listed('Latest failures', troubles),
    ...(resultsMissing === undefined ? [] : [`The messages cannot be shown: ${resultsMissing}`]),
  ]
}

/** Messages by their cause, where several have the same one. */
function byCause(title: string, groups: readonly FailureGroup[] = []): string[] {
  if (groups.every(({ count }) => count === 1)) return []
  return listed(
    title,
    groups.slice(0, causesMax).map(({ count, cause, advice }) => `${count} × ${cause}\n  ${advice}`),
  )
}

function details({ resourceList, operations = [], detailsMissing }: Description): string[] {
  return [
    ...(operations.length === 0 ? [] : [section('Operations', yaml(operations))]),
    ...(resourceList === undefined ? [] : [section('Items', yaml(resourceList))]),
    ...(detailsMissing === undefined ? [] : [`The details cannot be shown: ${detailsMissing}`]),
  ]
}

function linesOf(result: Result | undefined): string[] {
  return [
    ...(result?.velero ?? []).map((message) => `velero: ${message}`),
    ...(result?.cluster ?? []).map((message) => `cluster: ${message}`),
    ...Object.entries(result?.namespaces ?? {}).flatMap(([namespace, texts]) =>
      texts.map((message) => `namespace ${namespace}: ${message}`),
    ),
  ]
}

function listed(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  const more = lines.length > messagesMax ? [`… and ${lines.length - messagesMax} more`] : []
  return [section(title, [...lines.slice(0, messagesMax), ...more].join('\n'))]
}

function section(title: string, text: string): string {
  return `${title}:\n${text.replace(/^/gm, '  ')}`
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0 }).trimEnd()
}
