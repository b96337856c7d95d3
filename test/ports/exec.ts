import type { ContainerCommand, ExecAnswer, PodExec } from '../../activities/ports.ts'
import type { SimulatedClock } from './clock.ts'

/** Containers that take commands, and what ran in them. */
export interface InMemoryExec {
  /** The port as one worker has it; `assertMayWrite` is asked before each command. */
  connect(assertMayWrite?: () => void): PodExec
  /** The commands that have run, in order: `shop/web app: touch /ready`. */
  readonly ran: readonly string[]
  /** Decides how a command ends; without it each one ends well, after a second. */
  answer: (command: ContainerCommand) => ExecAnswer & { afterMs?: number }
}

/** Containers in which `ran` have run before. */
export function createExec(clock: SimulatedClock, before: readonly string[] = []): InMemoryExec {
  const ran = [...before]
  const exec: InMemoryExec = {
    ran,
    answer: () => ({ do: 'ended', problem: '', stdout: '', stderr: '' }),
    connect: (assertMayWrite) => ({
      async run(command, { signal }) {
        signal.throwIfAborted()
        assertMayWrite?.()
        const { afterMs = 1_000, ...answer } = exec.answer(command)
        if (answer.do === 'ended')
          ran.push(`${command.namespace}/${command.pod} ${command.container}: ${command.command.join(' ')}`)
        await clock.sleep(afterMs, signal)
        return answer
      },
    }),
  }
  return exec
}
