/** What the files of a folder may import. A folder may always import from itself and from the folders inside it. */
export interface Rule {
  /** Folders of this repository. */
  folders: readonly string[]
  /** Folders or files of which types may be imported, and nothing else. */
  types?: readonly string[]
  /** Single files of folders that may not be imported as a whole, each with its reason. */
  doors?: Readonly<Record<string, string>>
  /** Packages from npm. */
  packages: readonly string[]
  /** Modules of Node, without `node:`. */
  builtins: readonly string[] | 'any'
}

const pure = { builtins: [] } as const

/** The rules by folder. The rule of the innermost folder holds for a file. */
export const rules: Readonly<Record<string, Rule>> = {
  velero: { ...pure, folders: [], packages: [] },
  core: { ...pure, folders: ['velero'], packages: ['re2js', 'yaml'] },
  contract: {
    ...pure,
    folders: ['velero', 'core'],
    packages: ['@temporalio/client', '@temporalio/common', 'nexus-rpc'],
  },
  workflows: {
    ...pure,
    folders: ['velero', 'core', 'contract'],
    types: ['activities'],
    packages: ['@temporalio/common', '@temporalio/workflow'],
  },
  activities: {
    folders: ['velero', 'core', 'contract'],
    packages: ['@temporalio/activity', '@temporalio/common', 'lru-cache', 'p-limit'],
    builtins: ['stream', 'util', 'zlib'],
  },
  'activities/frame': {
    folders: ['velero', 'core', 'contract'],
    doors: {
      'activities/ports.ts': 'what activities are over',
      'activities/archive-port.ts': 'how an archive is read',
      'activities/settings.ts': 'what activities are set by',
    },
    packages: ['@temporalio/activity', '@temporalio/common', 'lru-cache'],
    builtins: ['async_hooks', 'util', 'zlib'],
  },
  infra: {
    folders: ['velero', 'core'],
    types: [
      'activities/ports.ts',
      'activities/archive-port.ts',
      'activities/snapshotter-port.ts',
      'activities/webhook-port.ts',
    ],
    packages: [
      '@aws-sdk/client-s3',
      '@aws-sdk/credential-provider-ini',
      '@aws-sdk/lib-storage',
      '@aws-sdk/s3-request-presigner',
      '@grpc/grpc-js',
      '@kubernetes/client-node',
      'ini',
      'lru-cache',
      'p-limit',
      'pino',
      'prom-client',
      'protobufjs',
      'tar-stream',
      'undici',
      'ws',
      'yaml',
    ],
    builtins: 'any',
  },
  'infra/traces': {
    folders: [],
    packages: [
      '@opentelemetry/api',
      '@opentelemetry/context-async-hooks',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace-base',
      '@temporalio/interceptors-opentelemetry',
    ],
    builtins: 'any',
  },
  'infra/codec': { folders: [], packages: ['@temporalio/common'], builtins: ['crypto', 'fs', 'http', 'net'] },
  worker: {
    folders: ['velero', 'core', 'contract', 'activities', 'infra', 'velero-server'],
    doors: { 'package.json': 'its version' },
    packages: [
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/envconfig',
      '@temporalio/nexus',
      '@temporalio/worker',
      'nexus-rpc',
    ],
    builtins: 'any',
  },
  'velero-server': {
    folders: ['velero', 'core', 'contract', 'activities', 'infra'],
    packages: ['@temporalio/client', '@temporalio/common'],
    builtins: 'any',
  },
  'velero-server/decide': { ...pure, folders: ['velero', 'core'], packages: [] },
  'client/api': {
    folders: ['velero', 'core', 'contract'],
    types: ['activities/ports.ts'],
    doors: {
      'infra/cluster/connect.ts': 'the client reads the cluster',
      'infra/store/open-store.ts': 'the client reads the bucket',
      'infra/codec/encrypting-codec.ts': 'the client reads what the workers encrypt',
    },
    packages: ['@temporalio/client', '@temporalio/common', '@temporalio/envconfig'],
    builtins: 'any',
  },
  'client/show': { ...pure, folders: ['velero', 'core/preview'], types: ['client/api'], packages: ['yaml'] },
  'client/cli': {
    folders: ['velero', 'core', 'contract', 'client/api', 'client/show'],
    doors: {
      'package.json': 'its version',
      'infra/codec/encrypting-codec.ts': 'the codec server reads what the workers encrypt',
      'infra/codec/codec-server.ts': 'a command serves it',
      'infra/code-cache.cjs': 'compiled code is kept for the next command',
      'infra/programs.ts': 'the Temporal command line is looked for on PATH',
      'infra/traces/start-tracing.ts': 'calls to Temporal are traced',
      'infra/traces/is-tracing-asked.ts': 'calls to Temporal are traced',
    },
    packages: ['commander', 'yaml'],
    builtins: 'any',
  },
  'client/main.ts': { ...pure, folders: ['client/cli/main.ts'], packages: [] },
  examples: { ...pure, folders: [], packages: ['velero-drydock'] },
}

/** Files that may import what their folder may not, each with its reason. */
export const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'core/values/derived-names.ts': { 'node:crypto': 'a pure function that Node has' },
}

/** Folders whose imports are free, each with its reason. */
export const free: Readonly<Record<string, string>> = {
  test: 'a test may look at everything',
  devstack: 'starts the real servers for tests and the demo; no part of the product',
  bench: 'measures the product from outside',
  package: 'builds what npm publishes; no part of the product',
  types: 'declarations for packages that have none',
}

/** Folders where nothing waits, reads a clock or draws a random number. */
export const timeless = ['velero', 'core', 'velero-server/decide']
