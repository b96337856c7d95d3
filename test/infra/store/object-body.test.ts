import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { readBody } from '../../../infra/store/object-body.ts'

function found(chunks: Iterable<Buffer>, ContentLength?: number): GetObjectCommandOutput {
  return { Body: Readable.from(chunks), ContentLength, $metadata: {} } as unknown as GetObjectCommandOutput
}

it('reads an object whole', async () => {
  expect(String(await readBody(found([Buffer.from('ab'), Buffer.from('c')], 3), { key: 'k' }))).toBe('abc')
})

it('reads no more than the bound of one that is larger, whatever the server says of its size', async () => {
  let given = 0
  function* endless() {
    for (;;) yield Buffer.alloc(1000, given++)
  }
  for (const size of [undefined, 10]) {
    given = 0
    await expect(readBody(found(endless(), size), { key: 'backups/b/x', bytesMax: 5000 })).rejects.toMatchObject({
      kind: 'refused',
      message: 'object backups/b/x has more than 5,000 bytes',
    })
    expect(given).toBeLessThan(30)
  }
})
