/** Whether the annotation `drydock.io/plan` with this value asks for a plan. */
export function isPlanAsked(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true'
}
