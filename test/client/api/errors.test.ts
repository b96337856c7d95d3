import { describe, expect, it } from 'vitest'
import { ClientError, exitCodes, explainError } from '../../../client/api/errors.ts'
import { exitCodeOf } from '../../../client/api/follow-restore.ts'
import { exitCodeHelp } from '../../../client/cli/main.ts'
import { ApiError, StoreError } from '../../../core/port-errors.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'

const ended = (status: RestoreStatus): Restore => ({
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'r' },
  spec: {},
  status,
})
const api = (code: number) => new ApiError({ code, reason: '', message: 'why\nnot' })

describe('exit codes', () => {
  it.each([
    [{ phase: 'Completed' }, 0],
    [{ phase: 'PartiallyFailed' }, 3],
    [{ phase: 'Failed', failureReason: 'restore execution failed: x' }, 4],
    [{ phase: 'FailedValidation' }, 4],
    [{ phase: 'Failed', failureReason: 'cancelled: wrong backup' }, 5],
  ] as [RestoreStatus, number][])('of a restore that ended as %j', (status, code) => {
    expect(exitCodeOf(ended(status))).toBe(code)
  })

  it('of a restore that was deleted is that of a cancelled one', () => {
    expect(exitCodeOf(undefined)).toBe(5)
  })

  it.each([
    ['no answer', api(0), 8, 'the cluster cannot be reached: why; not'],
    ['an expired token', api(401), 8, 'the cluster refuses the credentials, perhaps the token has expired: why; not'],
    ['a forbidden verb', api(403), 8, 'the cluster forbids it: why; not'],
    ['a server in trouble', api(503), 8, 'the cluster cannot be reached: why; not'],
    ['a conflict', api(409), 1, 'why; not'],
    ['a bucket', new StoreError('denied', 'denied'), 1, 'denied'],
    ['a name', new ClientError(6, 'No such'), 6, 'No such'],
    ['anything else', new Error('x'), 1, 'x'],
  ] as [string, unknown, number, string][])('of %s, with one line', (_what, thrown, exitCode, line) => {
    expect(explainError(thrown)).toEqual({ exitCode, line })
  })

  it('are all in the help', () => {
    for (const code of Object.values(exitCodes)) expect(exitCodeHelp).toMatch(new RegExp(`^  ${code} `, 'm'))
  })
})
