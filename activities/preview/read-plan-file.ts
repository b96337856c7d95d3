import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { PlanFile } from '../../core/preview/plan-file.ts'
import { restorePlanKey } from '../../velero/object-keys.ts'
import type { ObjectStore } from '../ports.ts'

const inflate = promisify(gunzip)

/** A file with more bytes than this, after decompression, counts as damaged. */
const planBytesMax = 512 * 1024 * 1024

/** Reads the file of a plan; undefined where there is none, or where it is damaged. Errors of the bucket are `StoreError`s. */
export async function readPlanFile(store: ObjectStore, name: string): Promise<PlanFile | undefined> {
  const bytes = await store.get(restorePlanKey(name))
  if (bytes === undefined) return undefined
  try {
    const text = (await inflate(bytes, { maxOutputLength: planBytesMax })).toString('utf8')
    return JSON.parse(text) as PlanFile
  } catch {
    return undefined
  }
}
