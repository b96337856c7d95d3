import { registerHooks, syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'

/*
 * Loaded before all else. The code of workflows gets the stand-in in place of Temporal's package, and gzip keeps what it is
 * given, behind a mark: it would take half of the time of a simulation.
 */

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@temporalio/workflow' && !(context.parentURL ?? '').includes('/node_modules/')
      ? { url: new URL('./temporal/workflow-stand-in.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})

const mark = Buffer.from([0x1f, 0x8b, 0x53])
const gzipSync = (input: zlib.InputType): Buffer => Buffer.concat([mark, Buffer.from(input as Buffer)])
function gunzipSync(input: zlib.InputType): Buffer {
  const bytes = Buffer.from(input as Buffer)
  if (!bytes.subarray(0, 3).equals(mark)) throw new Error('incorrect header check')
  return bytes.subarray(3)
}
Object.assign(zlib, { gzipSync, gunzipSync })
syncBuiltinESMExports()
await import('../ports/deterministic.ts')
