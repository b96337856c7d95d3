// Starts a restore of the ConfigMaps and Secrets of a backup, and waits until it is over.
//
//   node --conditions=drydock-source examples/start-and-wait.ts shop
//
// The cluster and Temporal are found like by the command line: KUBECONFIG, TEMPORAL_ADDRESS, VELERO_NAMESPACE.
import { startRestore } from 'velero-drydock/client'

const [backupName = 'shop'] = process.argv.slice(2)

const restore = await startRestore({
  spec: { backupName, includedResources: ['configmaps', 'secrets'], existingResourcePolicy: 'none' },
  labels: { 'started-by': 'example' },
})
console.log(`restore ${restore.name} has started, workflow ${restore.workflowId}`)

// A restore that failed is a result as well: nothing is thrown.
const outcome = await restore.result()

switch (outcome.phase) {
  case 'Completed':
    console.log(`${outcome.items} items are restored`)
    break
  case 'PartiallyFailed':
    console.log(`${outcome.items} items are restored, with ${outcome.errors} errors`)
    process.exitCode = 1
    break
  default:
    console.log(`the restore ended ${outcome.phase}: ${outcome.reason ?? 'no reason is known'}`)
    process.exitCode = 1
}
