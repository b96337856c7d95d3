import { Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { isConfirmed } from '../../../../client/cli/commands/delete.ts'
import { connectInMemory, placeRestore } from '../../api/in-memory-connections.ts'

/** What is asked, and what becomes of the answer. */
async function ask(...lines: string[]) {
  let asked = ''
  const err = new Writable({
    write(piece: Buffer, _encoding, done) {
      asked += piece.toString()
      done()
    },
  })
  const restore = placeRestore(connectInMemory().cluster)
  const answer = await isConfirmed({ in: Readable.from(lines), err }, [restore])
  return { asked, answer }
}

const question = 'Delete "shop" (y/n)? '

describe('the question before Restores are deleted', () => {
  it.each([
    [['y\n'], true, 1],
    [['N\n'], false, 1],
    [['\n', 'perhaps\n', 'yes\n'], true, 3],
  ])('with the answers %j', async (lines, answer, times) => {
    expect(await ask(...lines)).toEqual({ asked: question.repeat(times), answer })
  })

  it('that nobody answers ends with 2 and deletes nothing', async () => {
    await expect(ask()).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/^nothing is deleted/) })
  })
})
