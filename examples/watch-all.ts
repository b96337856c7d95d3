// Follows all restores of a Velero namespace that run now, until the last one is over. Ctrl-C ends the program only.
//
//   node --conditions=drydock-source examples/watch-all.ts velero
import { isOver, listRestores } from 'velero-drydock/client'
import type { RestoreHandle, RestoreState } from 'velero-drydock/client'

const [namespace = 'velero'] = process.argv.slice(2)

const restores = await listRestores({ namespace })
const running = restores.filter(({ manifest }) => !isOver(manifest))
console.log(`${running.length} of ${restores.length} restores in namespace ${namespace} are running`)
await Promise.all(running.map(watch))

async function watch(restore: RestoreHandle): Promise<void> {
  let last = ''
  const onState = (state: RestoreState) => {
    const line = describe(state)
    if (line !== last) console.log(line)
    last = line
  }
  const { phase, items, warnings, errors } = await restore.result({ onState })
  console.log(`${restore.name}: ended ${phase}, ${items} items, ${warnings} warnings, ${errors} errors`)
}

function describe({ name, phase, itemsDone, itemsTotal, waitingFor }: RestoreState): string {
  const progress = itemsTotal === 0 ? phase : `${phase}, ${itemsDone} of ${itemsTotal} items`
  return waitingFor === undefined ? `${name}: ${progress}` : `${name}: ${progress}, waits for ${waitingFor}`
}
