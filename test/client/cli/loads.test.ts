import { describe, expect, it } from 'vitest'
import { loadedWith } from '../../house/imports.ts'
import { textOf } from '../../house/source-files.ts'

// Each package, and each file that has much to import, costs every command its time.

describe('what a command of the client loads', () => {
  const help = loadedWith(['client/cli/main.ts'], textOf)

  it('is for --help no package but the parser of command lines', () => {
    expect(help.packages).toEqual(['commander'])
  })

  it('is for --help nothing of the worker, and of the rules only what options are checked by', () => {
    expect(help.files.filter((file) => !/^(client|contract|velero)\//.test(file))).toEqual([
      'core/filter/label-selector.ts',
      'core/items/outcome.ts',
      'core/port-errors.ts',
      'core/preview/is-plan-asked.ts',
      'core/request/decide-retry.ts',
      'core/results/restore-status.ts',
      'core/undo/undo-state.ts',
      'core/values/go-duration.ts',
      'infra/traces/is-tracing-asked.ts',
      'infra/traces/start-tracing.ts',
      'package.json',
    ])
    expect(help.files.length).toBeLessThan(69)
  })

  it("is for list what talks to the cluster, without Temporal and Kubernetes' client library", () => {
    const list = loadedWith(['client/cli/main.ts', 'client/api/connections.ts', 'infra/cluster/connect.ts'], textOf)
    expect(list.packages).toEqual(['commander', 'undici', 'yaml'])
  })
})

describe('what a worker loads at its start', () => {
  it('has none of the libraries that few workers need', () => {
    const { packages } = loadedWith(['worker/worker-process.ts'], textOf)
    const rare = ['@kubernetes/client-node', '@aws-sdk/lib-storage', '@aws-sdk/s3-request-presigner']
    expect(packages.filter((name) => rare.includes(name) || name.startsWith('@opentelemetry/'))).toEqual([])
    expect(packages).toContain('@temporalio/worker')
  })
})
