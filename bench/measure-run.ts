import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startStack, stopStack } from '../devstack/stack.ts'
import type { Stack } from '../devstack/stack-types.ts'
import { prepareExisting } from './contenders.ts'
import type { Contender, Course, Started } from './contenders.ts'
import { roles } from './measurement.ts'
import type { Measurement, Role } from './measurement.ts'
import { callsBetween, readCalls } from './observe/count-calls.ts'
import { watchFirstObject } from './observe/first-object.ts'
import { watchMachine } from './observe/machine.ts'
import { cpuOf, forgetPeak, peakOf, readProcesses, treeOf } from './observe/process-table.ts'
import { startUnrelatedClient } from './observe/unrelated-client.ts'
import type { Workload } from './workloads.ts'

/** What one run measures. */
export interface RunPlan {
  workload: Workload
  contender: Contender
  round: number
  /** The folder of the backup. */
  folder: string
  /** The backup that the contender restores before anything is measured, and its folder. */
  before?: { backup: string; folder: string }
  /** An empty folder, or none yet; removed at the end. */
  dir: string
  signal: AbortSignal
  report: (line: string) => void
}

/** After all has started, before anything is measured: what starts is still busy for a moment. */
const settleMs = 5_000
/** How long it is watched what the servers use when nothing is restored. */
const idleMs = 5_000

/** Starts new servers, lets a contender restore once, and stops them. Each run finds the same: nothing of another one. */
export async function measureRun(plan: RunPlan): Promise<Measurement> {
  const { needs } = plan.contender
  const dir = join(plan.dir, 'stack')
  let started: Started | undefined
  try {
    const options = {
      dir,
      backups: [plan.folder, ...(plan.before === undefined ? [] : [plan.before.folder])],
      signal: plan.signal,
      report: plan.report,
    }
    const servers = { with: needs.with, veleroFlags: needs.veleroFlags }
    const stack: Stack = needs.temporal
      ? await startStack({ ...options, ...servers })
      : await startStack({ ...options, ...servers, temporal: false })
    const course = courseOf(plan, stack)
    if (plan.workload.exists === true) await prepareExisting(course)
    started = await plan.contender.start(course)
    await sleep(settleMs, undefined, { signal: plan.signal })
    return await measure(plan, stack, started)
  } finally {
    await started?.stop()
    await stopStack(dir)
    rmSync(plan.dir, { recursive: true, force: true })
  }
}

function courseOf({ workload, contender, folder, before, signal }: RunPlan, stack: Stack): Course {
  const part = workload.part?.contenders.includes(contender.name) === true ? workload.part.spec : {}
  const spec = { backupName: workload.backup, ...workload.spec, ...part }
  return { stack, workload, folder, signal, spec, ...(before === undefined ? {} : { before }) }
}

async function measure(plan: RunPlan, stack: Stack, started: Started): Promise<Measurement> {
  const { workload, contender, round } = plan
  const pids = pidsByRole(stack, started)
  const callsBefore = await readCalls(stack)
  const stopClient = await startUnrelatedClient(stack)
  const firstObject = await watchFirstObject(stack, workload.first)
  const idleCpu = await measureIdle(pids, plan.signal)
  for (const pid of Object.values(pids)) for (const one of treeOf(pid, readProcesses())) forgetPeak(one.pid)
  const machineOver = watchMachine()
  const cpuBefore = cpuByRole(pids)
  const at = new Date().toISOString()
  const began = performance.now()

  const items = await started.restore()

  const seconds = (performance.now() - began) / 1000
  const cpuAfter = cpuByRole(pids)
  const machine = machineOver()
  const peakBytes = mapRoles(pids, (pid) => treeOf(pid, readProcesses()).reduce((sum, one) => sum + peakOf(one.pid), 0))
  const firstAt = await firstObject()
  const latency = await stopClient()
  const calls = callsBetween(callsBefore, await readCalls(stack), workload.resources)
  const temporalEvents = await started.events?.()
  return {
    workload: workload.name,
    contender: contender.name,
    round,
    at,
    items,
    seconds,
    idleCpu,
    calls,
    latency,
    machine,
    peakBytes,
    cpuSeconds: mapRoles(pids, (_pid, role) => (cpuAfter[role] ?? 0) - (cpuBefore[role] ?? 0)),
    ...(firstAt === undefined ? {} : { firstObjectSeconds: (firstAt - began) / 1000 }),
    ...(temporalEvents === undefined ? {} : { temporalEvents }),
  }
}

async function measureIdle(pids: Pids, signal: AbortSignal): Promise<Partial<Record<Role, number>>> {
  const before = cpuByRole(pids)
  const began = performance.now()
  await sleep(idleMs, undefined, { signal })
  const after = cpuByRole(pids)
  const seconds = (performance.now() - began) / 1000
  return mapRoles(pids, (_pid, role) => ((after[role] ?? 0) - (before[role] ?? 0)) / seconds)
}

type Pids = Partial<Record<Role, number>>

function pidsByRole({ pids }: Stack, { pid }: Started): Pids {
  const { 'kube-apiserver': apiServer, etcd, temporal, versitygw: bucket } = pids
  const all = { restorer: pid, apiServer, etcd, temporal, bucket }
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined))
}

function cpuByRole(pids: Pids): Partial<Record<Role, number>> {
  const rows = readProcesses()
  return mapRoles(pids, (pid) => cpuOf(pid, rows))
}

function mapRoles(pids: Pids, of: (pid: number, role: Role) => number): Partial<Record<Role, number>> {
  const present = roles.flatMap((role) => (pids[role] === undefined ? [] : [[role, of(pids[role], role)] as const]))
  return Object.fromEntries(present)
}
