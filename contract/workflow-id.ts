/** The workflow of a Restore. Its uid makes a Restore that was deleted and made again another workflow. */
export function workflowIdOf(ref: { namespace: string; name: string; uid: string }): string {
  return `restore/${ref.namespace}/${ref.name}/${ref.uid}`
}
