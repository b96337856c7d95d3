import { quick } from './activity-options.ts'
import type { WavesInput } from './restore-waves.ts'

/**
 * Waits for namespaces that are going away, side by side and each once. Returns those that were still there at the
 * deadline: their items get Velero's error each, and nothing is written for them.
 */
export async function awaitNamespaces(waves: WavesInput, namespaces: readonly string[]): Promise<string[]> {
  waves.view.waitingFor(`namespaces that are going away: ${namespaces.join(', ')}`)
  const reports = await Promise.all(
    namespaces.map((name) =>
      quick.awaitNamespace.executeWithOptions({ summary: `wait until namespace ${name} is gone` }, [
        { ref: waves.ref, name },
      ]),
    ),
  )
  waves.view.waitingFor(undefined)
  return namespaces.filter((_, index) => reports[index]?.gone === false)
}
