import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import type { CodecKey, KeyRing } from './codec-keys.ts'
import { openKeys } from './codec-keys.ts'

const cipherName = 'aes-256-gcm'
const [ivBytes, tagBytes, lengthBytes] = [12, 16, 4]
const encoding = 'binary/encrypted'

/**
 * Encrypts what Temporal stores (arguments, results, heartbeats, details) by AES-256-GCM with the first key of a file, and reads what
 * any key of it has encrypted. What is not encrypted passes, so histories of before are read too. Throws a `CodecKeyError` where
 * the file cannot be used.
 */
export function openCodec(file: string): PayloadCodec {
  return encryptingCodec(openKeys(file))
}

/** See {@link openCodec}. Decoding rejects where the key is not there, or where a payload was changed. */
export function encryptingCodec(keys: KeyRing): PayloadCodec {
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, keys.current())),
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, keys) : payload)),
  }
}

/** For whoever has no key: reads what is plain, and says what is missing for the rest. */
export const plainCodec: PayloadCodec = {
  encode: async (payloads) => payloads,
  decode: async (payloads) => {
    if (payloads.some(isEncrypted))
      throw new Error('a payload is encrypted: set DRYDOCK_CODEC_KEYS_FILE to the keys of the workers')
    return payloads
  },
}

function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === encoding
}

/** The metadata in JSON behind its length, then the data: all of it is hidden, the kind of the payload too. Empty bytes may be a list. */
function encrypt({ metadata, data }: Payload, { id, secret }: CodecKey): Payload {
  const inBase64 = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const head = Buffer.from(JSON.stringify(Object.fromEntries(inBase64)))
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(head.length)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(cipherName, secret, iv).setAAD(Buffer.from(id))
  const parts = [length, head, Buffer.from(data ?? [])].map((part) => cipher.update(part))
  return {
    metadata: { encoding: Buffer.from(encoding), 'encryption-key-id': Buffer.from(id) },
    data: Buffer.concat([iv, ...parts, cipher.final(), cipher.getAuthTag()]),
  }
}

function decrypt({ metadata, data }: Payload, keys: KeyRing): Payload {
  const id = textOf(metadata?.['encryption-key-id'])
  const key = keys.find(id)
  if (key === undefined)
    throw new Error(`a payload is encrypted with key "${id}", which the file of DRYDOCK_CODEC_KEYS_FILE does not have`)
  const plain = open(Buffer.from(data ?? []), key)
  const end = lengthBytes + plain.readUInt32BE()
  const head = JSON.parse(plain.subarray(lengthBytes, end).toString()) as Record<string, string>
  const entries = Object.entries(head).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const)
  return { metadata: Object.fromEntries(entries), data: plain.subarray(end) }
}

function open(data: Buffer, { id, secret }: CodecKey): Buffer {
  try {
    const decipher = createDecipheriv(cipherName, secret, data.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(id)).setAuthTag(data.subarray(-tagBytes))
    return Buffer.concat([decipher.update(data.subarray(ivBytes, -tagBytes)), decipher.final()])
  } catch (cause) {
    throw new Error(`a payload cannot be decrypted with key "${id}": it was changed, or the key is another one`, {
      cause,
    })
  }
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString()
}
