import { readFile, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createCredentialFiles } from '../../../infra/plugins/credentials-file.ts'

it('files with credentials that are renewed all the time do not grow without end', async () => {
  const files = createCredentialFiles()
  onTestFinished(() => files.close())
  let path = ''
  for (let count = 0; count < 250; count++) path = await files.write(Buffer.from(`token ${count}`))
  await expect.poll(async () => (await readdir(dirname(path))).length).toBe(100)
  expect(await readFile(path, 'utf8')).toBe('token 249')
})

it('a file with credentials is whole whenever a plugin reads it, and nobody else may', async () => {
  const files = createCredentialFiles()
  onTestFinished(() => files.close())
  const credentials = Buffer.alloc(64 * 1024, 'a')
  const path = await files.write(credentials)
  let isWriting = true
  const writing = (async () => {
    for (let count = 0; count < 100; count++) await files.write(credentials)
    isWriting = false
  })()
  while (isWriting) expect((await readFile(path)).length).toBe(credentials.length)
  await writing
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(dirname(path))).toHaveLength(1)
})
