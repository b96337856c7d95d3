import { planAnnotation } from '../../velero/labels.ts'

/** Whether the annotation `drydock.io/plan` with this value asks for a plan. */
export function isPlanAsked(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true'
}

/** What is wrong with the value of the annotation; a plan that is asked for in another word must not become a restore. */
export function planFaults(annotations: Readonly<Record<string, string>> = {}): string[] {
  const value = annotations[planAnnotation]
  const said = value?.trim().toLowerCase()
  if (said === undefined || said === 'true' || said === 'false') return []
  return [`annotation ${planAnnotation} is ${JSON.stringify(value)}: it may be "true" or "false"`]
}
