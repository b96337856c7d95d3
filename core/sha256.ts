import { createHash } from 'node:crypto'

/**
 * The SHA-256 of a text in hexadecimal. Velero derives names and label values from it, and so do we.
 * It is the one place in core that calls a Node builtin: a hash is pure, and Node's needs no dependency.
 */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
