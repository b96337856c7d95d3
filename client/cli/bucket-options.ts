import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { parseGoDuration } from '../../core/values/go-duration.ts'
import type { ReadOptions } from '../api/download-file.ts'
import { readCertificates } from './read-files.ts'

/** Options of commands that read the bucket, with the names that they have in Velero's command line. */
export interface BucketOptions {
  cacert?: string
  insecureSkipTlsVerify?: boolean
  /** Milliseconds. */
  timeout?: number
}

/** Adds the options about the certificate of the bucket. */
export function addBucketOptions(command: Command): Command {
  return command
    .option('--cacert <file>', 'certificates to trust for the bucket, in place of those of the backup location')
    .option('--insecure-skip-tls-verify', 'do not check the certificate of the bucket')
}

/** How the bucket is read by these options. Throws a `ClientError` about a file that cannot be read. */
export function readOptionsOf({ cacert, insecureSkipTlsVerify, timeout }: BucketOptions): ReadOptions {
  const caCert = cacert === undefined || cacert === '' ? undefined : readCertificates(cacert)
  return { caCert, insecureSkipTlsVerify, timeoutMs: timeout }
}

/** A duration in Go's syntax, in milliseconds. */
export function parseTimeout(text: string): number {
  try {
    const milliseconds = parseGoDuration(text)
    if (milliseconds > 0) return milliseconds
  } catch {
    // Refused like one that is not positive.
  }
  throw new InvalidArgumentError('It must be a duration such as 30s or 2m.')
}
