import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

const inflate = promisify(gunzip)

/**
 * Unzips an object of the bucket that is read whole. Throws where it is no gzip, or inflates to more than the bound: a small
 * object may inflate to a thousand times its size.
 */
export async function inflateText(bytes: Uint8Array, bytesMax: number): Promise<string> {
  try {
    return (await inflate(bytes, { maxOutputLength: bytesMax })).toString('utf8')
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ERR_BUFFER_TOO_LARGE') throw thrown
    throw new Error(`it inflates to more than ${bytesMax.toLocaleString('en-US')} bytes`, { cause: thrown })
  }
}
