import type { LockRequest } from '../../../core/locks/decide-grants.ts'

/** What a restore asks for that was created in that second of the day. */
export const asks = (name: string, second: number, ...namespaces: string[]): LockRequest => ({
  workflowId: `restore/velero/${name}`,
  runId: `run-of-${name}`,
  restore: `velero/${name}`,
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().replace('.000Z', 'Z'),
  uid: `uid-${name}`,
  namespaces,
})
