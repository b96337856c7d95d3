import protobuf from 'protobufjs'

/**
 * The messages of Velero's plugin protocol that are used here, and those of go-plugin for the output and the end of a
 * process. Numbers and types of fields are what counts on the wire. Source: pkg/plugin/proto of Velero, internal/plugin
 * of hashicorp/go-plugin.
 */
const method = methodsOf(`
message Nothing {}
message Plugin { string command = 1; string kind = 2; string name = 3; }
message Plugins { repeated Plugin plugins = 1; }
message Named { string plugin = 1; }
message Selector {
  repeated string included_namespaces = 1; repeated string excluded_namespaces = 2;
  repeated string included_resources = 3; repeated string excluded_resources = 4;
  string labels = 5;
}
message Applies { Selector selector = 1; }
message Identifier { string group = 1; string resource = 2; string namespace = 3; string name = 4; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Execute { string plugin = 1; bytes item = 2; bytes restore = 3; bytes item_from_backup = 4; }
message Executed {
  bytes item = 1; repeated Identifier additional_items = 2; bool skip_restore = 3;
  string operation_id = 4; bool wait_for_additional_items = 5; Duration ready_timeout = 6;
}
message Operation { string plugin = 1; string operation_id = 2; bytes restore = 3; }
message Progress {
  bool completed = 1; string err = 2; int64 n_completed = 3; int64 n_total = 4; string units = 5;
  string description = 6; Timestamp started = 7; Timestamp updated = 8;
}
message Progressed { Progress progress = 1; }
message Items { string plugin = 1; bytes restore = 2; repeated Identifier additional_items = 3; }
message Ready { bool ready = 1; }
message Output { int32 channel = 1; bytes data = 2; }
`)

/** A call of the protocol: its path, and how its two messages go over the wire. */
export interface Method<Request extends object, Answer> {
  /** The name in messages and logs, such as `Execute`. */
  name: string
  path: string
  /** It is not made again where its process dies meanwhile: it may have done what it was asked for. */
  once?: true
  /** It goes as a stream of messages: those that this request is made of. */
  parts?: (request: Request) => Iterable<Request>
  encode: (request: Request) => Buffer
  decode: (bytes: Buffer) => Answer
}

/** A message without fields. */
export type Nothing = Record<string, never>

/** Who is asked: the name of the action. */
interface Named {
  plugin: string
}

interface Identifier {
  group: string
  resource: string
  namespace: string
  name: string
}

/** An answer of `AppliesTo`. */
export interface Applies {
  selector: {
    includedNamespaces: string[]
    excludedNamespaces: string[]
    includedResources: string[]
    excludedResources: string[]
    labels: string
  } | null
}

/** A request of `Execute`; the three objects are JSON. */
export interface Execute extends Named {
  item: Buffer
  itemFromBackup: Buffer
  restore: Buffer
}

/** An answer of `Execute`. Interface v1 has the first three fields alone. */
export interface Executed {
  item: Uint8Array
  additionalItems: Identifier[]
  skipRestore: boolean
  operationId: string
  waitForAdditionalItems: boolean
  readyTimeout: Instant | null
}

/** Seconds and nanoseconds. */
export interface Instant {
  seconds: number
  nanos: number
}

/** A request about an operation; the Restore is JSON. */
export interface OperationRequest extends Named {
  operationId: string
  restore: Buffer
}

/** An answer of `Progress`. */
export interface Progressed {
  progress: {
    completed: boolean
    err: string
    nCompleted: number
    nTotal: number
    units: string
    description: string
    started: Instant | null
    updated: Instant | null
  } | null
}

/** A request of `AreAdditionalItemsReady`. */
export interface ItemsRequest extends Named {
  restore: Buffer
  additionalItems: Identifier[]
}

/** A line or a part of one that a plugin has printed; channel 2 is the standard error. */
export interface Output {
  channel: number
  data: Uint8Array
}

const riaV1 = '/generated.RestoreItemAction'
const riaV2 = '/v2.RestoreItemAction'

/** Every call that is made. `appliesTo` and `execute` are the same in both versions of the interface, but for their paths. */
export const methods = {
  listPlugins: method<Nothing, { plugins: { kind: string; name: string }[] }>(
    '/generated.PluginLister/ListPlugins',
    'Nothing',
    'Plugins',
  ),
  appliesTo: {
    1: method<Named, Applies>(`${riaV1}/AppliesTo`, 'Named', 'Applies'),
    2: method<Named, Applies>(`${riaV2}/AppliesTo`, 'Named', 'Applies'),
  },
  execute: {
    1: method<Execute, Executed>(`${riaV1}/Execute`, 'Execute', 'Executed'),
    2: method<Execute, Executed>(`${riaV2}/Execute`, 'Execute', 'Executed'),
  },
  progress: method<OperationRequest, Progressed>(`${riaV2}/Progress`, 'Operation', 'Progressed'),
  cancel: method<OperationRequest, Nothing>(`${riaV2}/Cancel`, 'Operation', 'Nothing'),
  areItemsReady: method<ItemsRequest, { ready: boolean }>(`${riaV2}/AreAdditionalItemsReady`, 'Items', 'Ready'),
  readOutput: method<Nothing, Output>('/plugin.GRPCStdio/StreamStdio', 'Nothing', 'Output'),
  shutDown: method<Nothing, Nothing>('/plugin.GRPCController/Shutdown', 'Nothing', 'Nothing'),
} as const

/**
 * Makes calls of messages, which are defined as in a file of protocol buffers of version 3. `sent` and `got` name the messages of
 * a call.
 */
export function methodsOf(definitions: string) {
  const types = protobuf.parse(`syntax = "proto3";\n${definitions}`).root
  return function method<Request extends object, Answer>(
    path: string,
    sent: string,
    got: string,
  ): Method<Request, Answer> {
    const [request, answer] = [types.lookupType(sent), types.lookupType(got)]
    return {
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      encode: (value) => Buffer.from(request.encode(request.fromObject(value)).finish()),
      decode: (bytes) =>
        answer.toObject(answer.decode(bytes), { longs: Number, defaults: true, arrays: true }) as Answer,
    }
  }
}
