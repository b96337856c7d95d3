import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'

/*
 * Imported before the code under test, this module has a simulated run take the same steps each time: zlib does its work
 * at once, where it would do it on other threads that end in any order, and chance is a sequence of numbers.
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

let seed = 1

/** A linear congruential generator, with the numbers of Numerical Recipes. */
Math.random = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
