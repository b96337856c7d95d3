import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { inflateText } from '../../../activities/frame/inflate.ts'
import { listFiles, textOf } from '../../house/source-files.ts'

describe('an object that is read whole', () => {
  it('is unzipped up to a bound, which the error names', async () => {
    const bytes = gzipSync(Buffer.alloc(1_000_000, ' '))
    expect((await inflateText(bytes, 1_000_000)).length).toBe(1_000_000)
    await expect(inflateText(bytes, 999_999)).rejects.toThrow('it inflates to more than 999,999 bytes')
  })

  it('is refused where it is no gzip, or cut off', async () => {
    await expect(inflateText(Buffer.from('{}'), 1_000)).rejects.toThrow('incorrect header check')
    await expect(inflateText(gzipSync('{"a": 1}').subarray(0, -9), 1_000)).rejects.toThrow('unexpected end of file')
  })

  it('is unzipped in no other way by an activity or a Velero server', () => {
    const zipping = ['activities', 'velero-server'].flatMap(listFiles).filter((file) => /\bgunzip/.test(textOf(file)))
    expect(zipping).toEqual(['activities/frame/inflate.ts'])
  })
})
