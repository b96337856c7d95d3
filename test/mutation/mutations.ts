/** A rule of correctness that is switched off, by a change of one place in the code, and what has to notice it. */
export interface Mutation {
  name: string
  /** Its number in docs/rules.md. */
  rule: number
  file: string
  /** The text there, which stands in the file once, and what is put in its place. */
  find: string
  put: string
  /** Simulated restores from a seed on, until one fails; or files of unit tests. */
  by: { sim: { seed: number; runs: number } } | { unit: readonly string[] }
}

const sim = (seed: number, runs = 150) => ({ sim: { seed, runs } })
const unit = (...files: readonly string[]) => ({ unit: files })

/** All of them, by rule. */
export const mutations: readonly Mutation[] = [
  {
    name: 'a restore that is over is written for',
    rule: 1,
    file: 'core/request/why-not-underway.ts',
    find: 'if (isTerminal(status.phase) && !isSweptByVelero(status) && !isLate)',
    put: 'if (isLate && after === undefined)',
    by: unit('test/activities/frame/underway.test.ts'),
  },
  {
    name: 'the mark of a starting Velero server counts as an end',
    rule: 1,
    file: 'core/results/restore-status.ts',
    find: "return live.phase === 'Failed' && live.failureReason === restartFailureReason",
    put: "return live.phase === 'Failed' && live.failureReason === ''",
    by: sim(1),
  },
  {
    name: 'a token of a retry that is answered begins another run',
    rule: 2,
    file: 'core/request/decide-retry.ts',
    find: "return token === '' || token === metadata.annotations?.[retriedAnnotation] ? undefined : token",
    put: "return token === '' ? undefined : token",
    by: sim(1),
  },
  {
    name: 'a task of another cluster is done',
    rule: 3,
    file: 'activities/frame/session.ts',
    find: 'if (ref.cluster !== ports.cluster.id)',
    put: "if (ref.cluster === '')",
    by: unit('test/activities/frame/session.test.ts'),
  },
  {
    name: 'a shard of another restore is taken',
    rule: 4,
    file: 'activities/frame/journal.ts',
    find: 'if (header?.uid !== owner.uid || header.cluster !== owner.cluster || header.shard !== name) {',
    put: 'if (header === undefined) {',
    by: unit('test/activities/frame/journal.test.ts'),
  },
  {
    name: 'an object that an earlier attempt made is not known again',
    rule: 5,
    file: 'core/items/field-owners.ts',
    find: 'if (isWrittenBy(live, fieldManagerOf(restore.uid))) return true',
    put: '',
    by: sim(1),
  },
  {
    name: 'an object of somebody else with our labels counts as ours',
    rule: 5,
    file: 'core/items/field-owners.ts',
    find: 'if (isWrittenBy(live, fieldManagerOf(restore.uid))) return true',
    put: 'return true',
    by: unit('test/core/items/field-owners.test.ts'),
  },
  {
    name: 'the names of companions are random',
    rule: 6,
    file: 'core/values/derived-names.ts',
    find: 'sha256Hex(JSON.stringify([restoreUid, item, purpose]))',
    put: 'sha256Hex(JSON.stringify([restoreUid, item, purpose, Math.random()]))',
    by: sim(1),
  },
  {
    name: 'nobody waits for the attempt before',
    rule: 7,
    file: 'activities/frame/run-activity.ts',
    find: 'await presence.fence(scope, { signal, onWait: waitingFor })',
    put: '',
    by: sim(1, 600),
  },
  {
    name: 'a worker writes without a young Lease',
    rule: 7,
    file: 'test/ports/presence/presence.ts',
    find: 'if (ageMs < writeWithinMs && lost === 0) return',
    put: 'if (ageMs >= 0) return',
    by: sim(1, 600),
  },
  {
    name: 'a patch of the Restore carries no resourceVersion',
    rule: 8,
    file: 'activities/frame/restore-resource.ts',
    find: 'resourceVersion: live.metadata.resourceVersion },',
    put: '},',
    by: sim(1),
  },
  {
    name: 'a terminal phase is left',
    rule: 8,
    file: 'core/results/restore-status.ts',
    find: 'if (!swept && (isTerminal(livePhase) || order[livePhase] > order[wanted.phase]))',
    put: 'if (!swept && order[livePhase] > order[wanted.phase])',
    by: unit('test/core/results/restore-status.test.ts'),
  },
  {
    name: 'two restores hold one namespace',
    rule: 9,
    file: 'core/locks/decide-grants.ts',
    find: 'if (held !== undefined)',
    put: 'if (held !== undefined && blocked.length < 0)',
    by: sim(1),
  },
  {
    name: 'a write without an answer does not keep the namespaces',
    rule: 9,
    file: 'activities/frame/run-activity.ts',
    find: 'if (scope !== undefined)\n      await presence.settle',
    put: "if (scope === '')\n      await presence.settle",
    by: unit('test/activities/frame/run-activity.test.ts'),
  },
  {
    name: 'a retry goes on with another tarball',
    rule: 10,
    file: 'activities/admit/retry-restore.ts',
    find: 'plan.etag !== found.etag',
    put: "plan.etag === ''",
    by: sim(1),
  },
  {
    name: 'items are read from another tarball than the plan',
    rule: 10,
    file: 'activities/frame/session.ts',
    find: '{ etag: plan.etag, signal }',
    put: '{ signal }',
    by: sim(1),
  },
  {
    name: 'additional items keep their place behind their parent',
    rule: 11,
    file: 'core/plan/place-items.ts',
    find: 'if (before.length > 0) pullAhead(',
    put: 'if (before.length > 1_000_000) pullAhead(',
    by: sim(1),
  },
  {
    name: 'a hook that may have run is sent again',
    rule: 12,
    file: 'activities/hooks/hook-journal.ts',
    find: '{ attempt })).attempt === attempt',
    put: "{ attempt })).attempt !== ''",
    by: sim(1, 600),
  },
  {
    name: 'an answer of the bucket about a hook is waited for by nobody',
    rule: 12,
    file: 'activities/hooks/run-pod-hooks.ts',
    find: 'if (isOver || !(thrown instanceof StoreError)) throw thrown',
    put: 'if (isOver || thrown !== undefined) throw thrown',
    by: unit('test/activities/hooks/run-hooks.test.ts'),
  },
  {
    name: 'a cancel is not looked at between items',
    rule: 13,
    file: 'activities/items/side-by-side.ts',
    find: 'attempt.throwIfStopped()',
    put: '',
    by: unit('test/activities/items/side-by-side.test.ts'),
  },
  {
    name: 'values of a Secret stay in messages',
    rule: 14,
    file: 'core/values/redact.ts',
    find: 'for (const value of values) text = text.replaceAll(value, hidden)',
    put: '',
    by: unit('test/core/values/redact.test.ts', 'test/activities/items/quoted-secret.test.ts'),
  },
]
