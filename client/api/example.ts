import { startRestore } from 'drydock/client'

/**
 * How a program starts a restore and waits for it: `node client/api/example.ts shop`. Servers are found by KUBECONFIG and
 * TEMPORAL_ADDRESS, as by the command line.
 */
const [backup = 'shop'] = process.argv.slice(2)

const restore = await startRestore({
  spec: {
    backupName: backup,
    includedResources: ['configmaps', 'secrets'],
    existingResourcePolicy: 'none',
  },
  labels: { 'started-by': 'example' },
})
console.log(`restore ${restore.name} has started, workflow ${restore.workflowId}`)

const outcome = await restore.result({
  onState: ({ phase, itemsDone, itemsTotal }) => console.log(`${phase}: ${itemsDone} of ${itemsTotal} items`),
})

switch (outcome.phase) {
  case 'Completed':
    console.log(`${outcome.items} items are restored`)
    break
  case 'PartiallyFailed':
    console.log(`${outcome.items} items are restored, with ${outcome.errors} errors`)
    process.exitCode = 1
    break
  default:
    console.log(`the restore ended ${outcome.phase}: ${outcome.reason ?? 'no reason given'}`)
    process.exitCode = 1
}
