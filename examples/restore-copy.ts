// Restores the configuration of one namespace under another name, beside the original. Cancels the restore when it waits
// longer than allowed for something, for instance for a namespace that is being deleted.
//
//   node --conditions=drydock-source examples/restore-copy.ts shop shop shop-copy 60
import { startRestore } from 'velero-drydock/client'
import type { RestoreState } from 'velero-drydock/client'

const [backupName = 'shop', namespace = 'shop', copy = `${namespace}-copy`, seconds = '60'] = process.argv.slice(2)

const restore = await startRestore({
  spec: {
    backupName,
    includedNamespaces: [namespace],
    includedResources: ['configmaps', 'secrets', 'services'],
    namespaceMapping: { [namespace]: copy },
  },
})
console.log(`restore ${restore.name} has started, from namespace ${namespace} into ${copy}`)

let waitingSince: number | undefined
let isCancelled = false

function onState({ waitingFor }: RestoreState): void {
  waitingSince = waitingFor === undefined ? undefined : (waitingSince ?? Date.now())
  if (isCancelled || waitingSince === undefined || Date.now() - waitingSince < Number(seconds) * 1000) return
  isCancelled = true
  console.log(`the restore is cancelled, since it waits for ${waitingFor}`)
  restore.cancel(`waited ${seconds} s for ${waitingFor}`).catch((error: unknown) => console.error(error))
}

const { phase, items, reason } = await restore.result({ onState })
console.log(reason === undefined ? `${phase}: ${items} items` : `${phase}: ${items} items, ${reason}`)
process.exitCode = phase === 'Completed' ? 0 : 1
