import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'

/*
 * Node packs and unpacks on other threads, which end in any order. Imported before the code under test, this module has
 * zlib do the same work at once, so that a simulated run takes the same steps each time and needs no waiting.
 */

type Done = (error: Error | null, result: Buffer) => void

function atOnce<Options>(work: (input: zlib.InputType, options?: Options) => Buffer) {
  return (input: zlib.InputType, optionsOrDone: Options | Done, maybeDone?: Done): void => {
    const [options, done] =
      typeof optionsOrDone === 'function'
        ? [undefined, optionsOrDone as Done]
        : [optionsOrDone as Options, maybeDone as Done]
    let result: Buffer
    try {
      result = work(input, options)
    } catch (thrown) {
      return done(thrown as Error, Buffer.alloc(0))
    }
    done(null, result)
  }
}

Object.assign(zlib, { gzip: atOnce(zlib.gzipSync), gunzip: atOnce(zlib.gunzipSync) })
syncBuiltinESMExports()
