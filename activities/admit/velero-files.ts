import type { FoundFile, VeleroFiles } from '../../core/request/inherited-outcomes.ts'
import {
  restoreItemOperationsKey,
  restoreLogKey,
  restoreResourceListKey,
  restoreResultsKey,
} from '../../velero/object-keys.ts'
import { inflateText } from '../frame/inflate.ts'
import type { ObjectStore } from '../ports.ts'

const fileBytesMax = 256 * 1024 * 1024

/** Reads the result files that Velero wrote for a restore. Failures of the bucket are thrown; a damaged file is a problem in words. */
export async function readVeleroFiles(store: ObjectStore, restore: string): Promise<VeleroFiles & { log: string }> {
  const log = await readText(store, restoreLogKey(restore))
  return {
    results: await readJson(store, restoreResultsKey(restore), isResults),
    resourceList: await readJson(store, restoreResourceListKey(restore), isResourceList),
    operations: await readJson(store, restoreItemOperationsKey(restore), isOperations),
    log: log !== undefined && 'content' in log ? log.content : '',
  }
}

async function readText(store: ObjectStore, key: string): Promise<FoundFile<string>> {
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  try {
    return { content: await inflateText(bytes, fileBytesMax) }
  } catch {
    return { problem: `${key}, which Velero wrote, is damaged: it is no gzip file` }
  }
}

async function readJson<T>(
  store: ObjectStore,
  key: string,
  isRight: (content: unknown) => boolean,
): Promise<FoundFile<T>> {
  const text = await readText(store, key)
  if (text === undefined || 'problem' in text) return text
  try {
    const content: unknown = JSON.parse(text.content)
    // Go writes an empty list as null.
    if (content === null) return undefined
    if (isRight(content)) return { content: content as T }
  } catch {
    // The problem is returned below.
  }
  return { problem: `${key}, which Velero wrote, is damaged: it does not hold what it should` }
}

function isResults(content: unknown): boolean {
  return (
    isRecord(content) && [content['errors'], content['warnings']].every((part) => part === undefined || isResult(part))
  )
}

function isResult(part: unknown): boolean {
  if (!isRecord(part)) return false
  const { velero, cluster, namespaces } = part
  const inNamespaces = namespaces === undefined ? [] : isRecord(namespaces) ? Object.values(namespaces) : [0]
  return [velero, cluster, ...inNamespaces].every((list) => list === undefined || list === null || isTexts(list))
}

function isResourceList(content: unknown): boolean {
  return isRecord(content) && Object.values(content).every(isTexts)
}

function isOperations(content: unknown): boolean {
  return (
    Array.isArray(content) && content.every((one) => isRecord(one) && isRecord(one['spec']) && isRecord(one['status']))
  )
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
