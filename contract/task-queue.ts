/** The task queue of the workers of one cluster and one Velero namespace (rule 3). */
export function taskQueueOf(cluster: string, veleroNamespace: string): string {
  return `drydock-${cluster}-${veleroNamespace}`
}
