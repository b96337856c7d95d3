import { StoreError } from '../../core/port-errors.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { readSecretKey, type SecretSource } from './secret-key.ts'

/** The certificates of a location as PEM, where it has some. The reference wins over the inline ones, as in Velero. */
export async function readCaCert(location: BackupStorageLocation, secrets: SecretSource): Promise<string | undefined> {
  const { caCert, caCertRef } = location.spec.objectStorage ?? {}
  if (caCertRef !== undefined) {
    try {
      return (await readSecretKey(secrets, caCertRef)).toString('utf8')
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      throw new StoreError(error.kind, `error getting CA certificate from secret: ${error.message}`, { cause: error })
    }
  }
  return caCert === undefined || caCert === '' ? undefined : Buffer.from(caCert, 'base64').toString('utf8')
}
