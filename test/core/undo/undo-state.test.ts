import { describe, expect, it } from 'vitest'
import { whyNotRetried } from '../../../core/request/decide-retry.ts'
import { formatUndoState, undoStateOf, whyNotUndone } from '../../../core/undo/undo-state.ts'
import type { Restore } from '../../../velero/restore.ts'

const restore = (phase: string | undefined, annotations: Record<string, string> = {}, metadata: object = {}): Restore =>
  ({
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: {
      name: 'r',
      annotations: { 'drydock.io/claimed': 'w, 2026-01-01T00:00:00Z', ...annotations },
      ...metadata,
    },
    spec: {},
    status: phase === undefined ? {} : { phase },
  }) as Restore

const done = { 'drydock.io/undone': formatUndoState({ state: 'done', at: '2026-01-02T00:00:00Z', text: '1 deleted' }) }

describe('an undo', () => {
  it.each(['Completed', 'PartiallyFailed', 'Failed'])('is allowed for a restore that is %s', (phase) => {
    expect(whyNotUndone(restore(phase))).toBeUndefined()
  })

  it.each<[Restore, RegExp]>([
    [restore('InProgress'), /^is not over: its phase is InProgress/],
    [restore(undefined), /^is not over: its phase is New/],
    [restore('FailedValidation'), /^was not valid/],
    [restore('Completed', { 'drydock.io/plan': 'true' }), /^is a plan/],
    [restore('Completed', done), /^was undone already, at 2026-01-02T00:00:00Z$/],
    [restore('Completed', {}, { deletionTimestamp: '2026-01-02T00:00:00Z' }), /^is being deleted/],
    [restore('Completed', {}, { annotations: {} }), /^was not restored by Drydock/],
  ])('is refused with a sentence (%#)', (one, because) => {
    expect(whyNotUndone(one)).toMatch(because)
  })

  it.each(['begun', 'stopped'] as const)('may be started again where it is %s', (state) => {
    const text = formatUndoState({ state, at: '2026-01-02T00:00:00Z' })
    expect(whyNotUndone(restore('Completed', { 'drydock.io/undone': text }))).toBeUndefined()
  })

  it('keeps its text in the annotation', () => {
    expect(undoStateOf(restore('Completed', done))).toEqual({
      state: 'done',
      at: '2026-01-02T00:00:00Z',
      text: '1 deleted',
    })
    expect(undoStateOf(restore('Completed', { 'drydock.io/undone': 'by hand' }))).toBeUndefined()
  })

  it('keeps a restore from being retried', () => {
    expect(whyNotRetried(restore('PartiallyFailed', done))).toMatch(/^was undone/)
    const begun = { 'drydock.io/undone': 'begun, 2026-01-02T00:00:00Z' }
    expect(whyNotRetried(restore('PartiallyFailed', begun))).toBe('is being undone')
  })
})
