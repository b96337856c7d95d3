import { methodsOf } from '../protocol.ts'
import type { Nothing } from '../protocol.ts'
import type { InitRequest } from '../used-binary.ts'

/** The messages of ObjectStores. Source: pkg/plugin/proto/ObjectStore.proto of Velero. */
const method = methodsOf(`
message Nothing {}
message Init { string plugin = 1; map<string, string> config = 2; }
message Put { string plugin = 1; string bucket = 2; string key = 3; bytes body = 4; }
message Object { string plugin = 1; string bucket = 2; string key = 3; }
message Exists { bool exists = 1; }
message Bytes { bytes data = 1; }
message Folders { string plugin = 1; string bucket = 2; string delimiter = 3; string prefix = 4; }
message FolderList { repeated string prefixes = 1; }
message Objects { string plugin = 1; string bucket = 2; string prefix = 3; }
message KeyList { repeated string keys = 1; }
message Sign { string plugin = 1; string bucket = 2; string key = 3; int64 ttl = 4; }
message Address { string url = 1; }
`)

const path = '/generated.ObjectStore'

/** One object of a bucket. */
export interface ObjectRequest {
  plugin: string
  bucket: string
  key: string
}

/** A request of `PutObject`. */
export interface PutRequest extends ObjectRequest {
  body: Buffer
}

/** A listing of `ListObjects`, or with a delimiter of `ListCommonPrefixes`. */
export interface ListRequest {
  plugin: string
  bucket: string
  prefix: string
}

/** Bytes of one message, below the 4 MiB that a server of gRPC takes by default. */
const partBytes = 3 * 1024 * 1024

/**
 * An object of one part goes in one message: when the connection is lost meanwhile, the plugin has all of it or nothing. Plugins
 * such as that for GCS keep what they have got of a longer one.
 */
function* partsOf({ body, ...object }: PutRequest): Generator<PutRequest> {
  for (let start = 0; start === 0 || start < body.length; start += partBytes)
    yield { ...object, body: body.subarray(start, start + partBytes) }
}

/** The calls of ObjectStores. */
export const storeMethods = {
  init: method<InitRequest, Nothing>(`${path}/Init`, 'Init', 'Nothing'),
  put: { ...method<PutRequest, Nothing>(`${path}/PutObject`, 'Put', 'Nothing'), parts: partsOf },
  exists: method<ObjectRequest, { exists: boolean }>(`${path}/ObjectExists`, 'Object', 'Exists'),
  /** Its answer comes in parts. */
  get: method<ObjectRequest, { data: Uint8Array }>(`${path}/GetObject`, 'Object', 'Bytes'),
  listFolders: method<ListRequest & { delimiter: string }, { prefixes: string[] }>(
    `${path}/ListCommonPrefixes`,
    'Folders',
    'FolderList',
  ),
  list: method<ListRequest, { keys: string[] }>(`${path}/ListObjects`, 'Objects', 'KeyList'),
  remove: method<ObjectRequest, Nothing>(`${path}/DeleteObject`, 'Object', 'Nothing'),
  /** The time to live is in nanoseconds. */
  sign: method<ObjectRequest & { ttl: number }, { url: string }>(`${path}/CreateSignedURL`, 'Sign', 'Address'),
} as const
