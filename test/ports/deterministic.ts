import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'

/*
 * Imported before the code under test, this module has a simulated run take the same steps each time: zlib does its work
 * at once, where it would do it on other threads that end in any order, and chance is a sequence of numbers. What zlib has done
 * it remembers: crash tests read and write the same files thousands of times.
 */

type Done = (error: Error | null, result: Buffer) => void

const rememberedMax = 2000
const rememberedBytesMax = 16 * 1024

function atOnce<Options>(work: (input: zlib.InputType, options?: Options) => Buffer) {
  const known = new Map<string, Buffer>()
  const remembering = (input: string | Buffer, options?: Options): Buffer => {
    const text = typeof input === 'string' ? input : input.toString('latin1')
    const key = `${typeof input} ${JSON.stringify(options)} ${text}`
    const result = known.get(key) ?? work(input, options)
    if (known.size >= rememberedMax) known.clear()
    known.set(key, result)
    return Buffer.from(result)
  }
  const isRemembered = (input: zlib.InputType): input is string | Buffer =>
    (typeof input === 'string' || Buffer.isBuffer(input)) && input.length <= rememberedBytesMax
  return (input: zlib.InputType, optionsOrDone: Options | Done, maybeDone?: Done): void => {
    const [options, done] =
      typeof optionsOrDone === 'function'
        ? [undefined, optionsOrDone as Done]
        : [optionsOrDone as Options, maybeDone as Done]
    let result: Buffer
    try {
      result = isRemembered(input) ? remembering(input, options) : work(input, options)
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
