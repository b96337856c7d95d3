import { AsyncLocalStorage } from 'node:async_hooks'
import { ActivityFailure, ApplicationFailure, CancelledFailure, HandlerUnfinishedPolicy } from '@temporalio/common'
import { TimeoutFailure } from '@temporalio/common'
import { msToNumber } from '@temporalio/common/lib/time.js'
import type { ActivityOptions } from '@temporalio/common'
import type { Duration } from '@temporalio/common'

/*
 * Stands in for the package of Temporal for workflows, so that their code runs without a server: each run of a workflow
 * has a host, which keeps its timers, its activities and what it is told. Nothing is replayed: a run lives as long as the
 * simulation. What is not here, workflows of this repository do not use.
 */

export { ActivityFailure, ApplicationFailure, CancelledFailure, HandlerUnfinishedPolicy, TimeoutFailure }

/** Whether it means that something was cancelled. */
export function isCancellation(thrown: unknown): boolean {
  return thrown instanceof CancelledFailure || (thrown instanceof ActivityFailure && isCancellation(thrown.cause))
}

/** An activity to run, and how. */
export interface ActivityCall {
  name: string
  input: unknown
  options: ActivityOptions
}

/** What a run of a workflow needs of its host. */
export interface WorkflowHost {
  info: { workflowId: string; runId: string; originalExecutionRunId: string }
  isNewRunSuggested: () => boolean
  nowMs: () => number
  later: (ms: number, work: () => void) => void
  schedule: (call: ActivityCall) => { result: Promise<unknown>; cancel: () => void }
  signalOther: (workflowId: string, name: string, args: readonly unknown[]) => Promise<void>
  handlers: Map<string, (...args: unknown[]) => unknown>
  /** Signals that came before their handler was there. */
  early: { name: string; args: readonly unknown[] }[]
  /** Conditions that are waited for: looked at whenever all code has come to a stop. */
  blocked: Set<() => boolean>
}

interface Here {
  host: WorkflowHost
  scope: CancellationScope
}

const storage = new AsyncLocalStorage<Here>()

function here(): Here {
  const found = storage.getStore()
  if (found === undefined) throw new Error('this is called outside of a workflow')
  return found
}

/** Runs the code of a workflow in its host; `cancel` is Temporal's own cancel. */
export function runInHost<T>(host: WorkflowHost, code: () => Promise<T>): { result: Promise<T>; cancel: () => void } {
  const root = new CancellationScope({ parent: undefined })
  return { result: storage.run({ host, scope: root }, code), cancel: () => root.cancel() }
}

/** Runs a handler of a signal in its host. */
export function handleInHost(host: WorkflowHost, root: CancellationScope, work: () => unknown): unknown {
  return storage.run({ host, scope: root }, work)
}

/** As in the SDK: a cancel of a scope reaches what waits in it, and the scopes in it, unless it is one that cannot be cancelled. */
export class CancellationScope {
  readonly cancellable: boolean
  private isRequested = false
  private readonly listeners = new Set<() => void>()

  constructor(options: { cancellable?: boolean; parent?: CancellationScope | undefined } = {}) {
    this.cancellable = options.cancellable ?? true
    const parent = 'parent' in options ? options.parent : storage.getStore()?.scope
    if (parent === undefined) return
    if (parent.consideredCancelled) this.isRequested = true
    else parent.listeners.add(() => this.cancel())
  }

  static current(): CancellationScope {
    return here().scope
  }

  static nonCancellable<T>(work: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: false }).run(work)
  }

  get consideredCancelled(): boolean {
    return this.isRequested && this.cancellable
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const { host } = here()
    return storage.run({ host, scope: this }, work)
  }

  cancel(): void {
    if (this.isRequested) return
    this.isRequested = true
    if (this.cancellable) for (const listener of this.listeners) listener()
    this.listeners.clear()
  }

  /** Calls `stop` when it is cancelled; returns how to take that back. */
  onCancel(stop: () => void): () => void {
    this.listeners.add(stop)
    return () => void this.listeners.delete(stop)
  }
}

/** Waits for something that a cancel of the scope ends. */
function waitFor<T>(begin: (resolve: (value: T) => void) => (() => void) | undefined): Promise<T> {
  const { scope } = here()
  if (scope.consideredCancelled) return Promise.reject(new CancelledFailure('cancelled'))
  return new Promise<T>((resolve, reject) => {
    const end = { undo: undefined as (() => void) | undefined }
    const leave = scope.onCancel(() => {
      end.undo?.()
      reject(new CancelledFailure('cancelled'))
    })
    end.undo = begin((value) => {
      leave()
      resolve(value)
    })
  })
}

export function sleep(duration: Duration): Promise<void> {
  const { host } = here()
  return waitFor<void>((resolve) => {
    host.later(Math.max(1, msToNumber(duration)), () => resolve())
    return undefined
  })
}

export function condition(isMet: () => boolean, timeout?: Duration): Promise<boolean> {
  const { host } = here()
  return waitFor<boolean>((resolve) => {
    if (isMet()) {
      resolve(true)
      return undefined
    }
    const look = (): boolean => {
      if (!isMet()) return false
      host.blocked.delete(look)
      resolve(true)
      return true
    }
    host.blocked.add(look)
    const undo = () => void host.blocked.delete(look)
    if (timeout !== undefined)
      host.later(Math.max(1, msToNumber(timeout)), () => {
        undo()
        resolve(false)
      })
    return undo
  })
}

/** Thrown to end a run and go on in a new one. */
export class ContinueAsNew extends Error {
  override readonly name = 'ContinueAsNew'
  readonly args: readonly unknown[]

  constructor(args: readonly unknown[]) {
    super('continued as new')
    this.args = args
  }
}

/** Only notifications are workflows of their own that a restore starts, and no simulated restore asks for one. */
export function startChild(): Promise<never> {
  return Promise.reject(new Error('a child of a workflow is not simulated'))
}

export const ParentClosePolicy = { ABANDON: 'ABANDON' } as const

export function continueAsNew(...args: unknown[]): Promise<never> {
  return Promise.reject(new ContinueAsNew(args))
}

export const patched = (): boolean => true
export const setCurrentDetails = (): void => undefined
export const upsertSearchAttributes = (): void => undefined
export const setWorkflowOptions = (): void => undefined
export const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

export function workflowInfo() {
  const { host } = here()
  return { ...host.info, continueAsNewSuggested: host.isNewRunSuggested(), currentDeploymentVersion: undefined }
}

const define = (name: string) => ({ name })
export { define as defineQuery, define as defineSignal }

export function setHandler({ name }: { name: string }, handler: (...args: unknown[]) => unknown): void {
  const { host, scope } = here()
  host.handlers.set(name, (...args) => handleInHost(host, scope, () => handler(...args)))
  const early = host.early.filter((one) => one.name === name)
  host.early = host.early.filter((one) => one.name !== name)
  for (const { args } of early) host.handlers.get(name)?.(...args)
}

export function getExternalWorkflowHandle(workflowId: string) {
  const { host } = here()
  return {
    signal: ({ name }: { name: string }, ...args: unknown[]) => host.signalOther(workflowId, name, args),
  }
}

type Proxied = Record<
  string,
  { executeWithOptions: (more: ActivityOptions, args: readonly unknown[]) => Promise<unknown> }
>

export function proxyActivities(options: ActivityOptions): Proxied {
  const activity = (name: string) => ({
    executeWithOptions: (more: ActivityOptions, [input]: readonly unknown[]) =>
      runActivity({ name, input, options: { ...options, ...more } }),
  })
  return new Proxy({}, { get: (_, name) => activity(String(name)) })
}

function runActivity(call: ActivityCall): Promise<unknown> {
  const { host, scope } = here()
  if (scope.consideredCancelled) return Promise.reject(new CancelledFailure('cancelled before it was scheduled'))
  const running = host.schedule(call)
  const leave = scope.onCancel(running.cancel)
  return running.result.finally(leave)
}
