import type { Manifest } from '../../velero/manifest.ts'

/** The controllers of the Velero server that Drydock takes the place of. */
const replaced = ['restore', 'restore-operations', 'restore-finalizer'] as const

/**
 * Whether Velero's own restore controllers run, told from Deployment `velero`: off where it is not there, has no ready
 * replica, or disables all three of them.
 */
export function veleroControllersOf(deployment: Manifest | undefined): 'on' | 'off' {
  if (deployment === undefined) return 'off'
  const ready = (deployment['status'] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0
  if (ready === 0) return 'off'
  const disabled = new Set(argumentsOf(deployment).flatMap(disabledBy))
  return replaced.every((controller) => disabled.has(controller)) ? 'off' : 'on'
}

function argumentsOf(deployment: Manifest): string[] {
  const spec = deployment['spec'] as
    { template?: { spec?: { containers?: { command?: string[]; args?: string[] }[] } } } | undefined
  const words = (spec?.template?.spec?.containers ?? []).flatMap((container) => [
    ...(container.command ?? []),
    ...(container.args ?? []),
  ])
  return words.map((word, index) => (word === '--disable-controllers' ? `${word}=${words[index + 1] ?? ''}` : word))
}

function disabledBy(word: string): string[] {
  const list = /^--disable-controllers=(.*)$/.exec(word)?.[1]
  return list === undefined ? [] : list.split(',').map((controller) => controller.trim())
}
