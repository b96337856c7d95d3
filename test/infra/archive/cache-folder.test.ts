import { mkdtempSync } from 'node:fs'
import { mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { secureFolder } from '../../../infra/archive/cache-folder.ts'
import { readConfig } from '../../../worker/config.ts'

const base = mkdtempSync(join(tmpdir(), 'drydock-cache-'))
afterAll(() => rm(base, { recursive: true }))
const modeOf = async (dir: string) => (await stat(dir)).mode & 0o777

describe('the cache folder', () => {
  it('is made for this user alone, and one that is open to others is closed', async () => {
    const dir = join(base, 'new/folder')
    await secureFolder(dir)
    expect(await modeOf(dir)).toBe(0o700)
    const open = join(base, 'open')
    await mkdir(open, { mode: 0o777 })
    await secureFolder(open)
    expect(await modeOf(open)).toBe(0o700)
  })

  it('is not used where it belongs to somebody else: whoever was there first may have planted archives', async () => {
    const dir = join(base, 'theirs')
    await mkdir(dir, { mode: 0o700 })
    const { uid } = await stat(dir)
    await expect(secureFolder(dir, uid + 1)).rejects.toMatchObject({
      kind: 'disk',
      message: `the archive cache is not used, since ${dir} belongs to user ${uid}, and this worker runs as user ${uid + 1}: remove it, or set DRYDOCK_ARCHIVE_DIR to another folder`,
    })
  })

  it('is not used where it is a link or a file', async () => {
    await mkdir(join(base, 'target'))
    await symlink(join(base, 'target'), join(base, 'link'))
    await expect(secureFolder(join(base, 'link'))).rejects.toThrow('is a link or a file')
    await writeFile(join(base, 'file'), '')
    await expect(secureFolder(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it('is another one for each user, below the folder that is given', () => {
    expect(readConfig({ DRYDOCK_ARCHIVE_DIR: '/cache' }).cacheDir).toBe(`/cache/drydock-archives-${process.getuid?.()}`)
  })
})
