import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import type { Manifest } from '../../../velero/manifest.ts'
import { secretValues, type SecretValue } from './evidence.ts'
import { Needles } from './needles.ts'

/** The values that only Secrets hold, of all backups in a folder. */
export async function fixtureSecrets(backups: string): Promise<SecretValue[]> {
  const values: SecretValue[] = []
  for (const name of readdirSync(backups)) {
    const archive = join(backups, name, `${name}.tar.gz`)
    if (existsSync(archive)) values.push(...(await secretsOf(archive)))
  }
  return values
}

/** What stands in another object as well, such as the certificate of the cluster, is no secret. */
async function secretsOf(archive: string): Promise<SecretValue[]> {
  const secrets: SecretValue[] = []
  let others = ''
  const entries = extract()
  const reading = pipeline(createReadStream(archive), createGunzip(), entries)
  for await (const entry of entries) {
    const content = await text(entry)
    if (!entry.header.name.endsWith('.json')) continue
    if (entry.header.name.startsWith('resources/secrets/'))
      secrets.push(...secretValues(JSON.parse(content) as Manifest))
    else others += content
  }
  await reading
  const known = new Set(new Needles(secrets).find(Buffer.from(others)).map(({ of }) => of))
  return secrets.filter(({ of }) => !known.has(of))
}
