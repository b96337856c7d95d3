import { expect, it } from 'vitest'
import { recordEventOn } from '../../../activities/frame/restore-resource.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createWorld } from '../../ports/world.ts'

const about = { kind: 'Restore', metadata: { namespace: 'velero', name: 'r', uid: 'u' } } as const
const event = { type: 'Normal', reason: 'Completed', note: 'it is over' } as const

/** Records the Event where the API server serves these versions of Events; returns those that were asked for, and what was warned of. */
async function recording(served: readonly string[]) {
  const { clock, log, cluster } = createWorld()
  const asked: string[] = []
  const create: ReturnType<typeof cluster.connect>['create'] = async ({ version }, _namespace, manifest) => {
    asked.push((manifest as { apiVersion: string }).apiVersion)
    if (served.includes(version)) return manifest as never
    throw new ApiError({ code: 404, reason: 'NotFound', message: `${version} could not be found` })
  }
  await recordEventOn({ clock, log, cluster: { ...cluster.connect(), create } }, about, event)
  return { asked, log }
}

it('an Event goes by events.k8s.io/v1, and by v1beta1 where that is all there is, as before Kubernetes 1.19', async () => {
  expect((await recording(['v1', 'v1beta1'])).asked).toEqual(['events.k8s.io/v1'])
  expect((await recording(['v1beta1'])).asked).toEqual(['events.k8s.io/v1', 'events.k8s.io/v1beta1'])
})

it('an Event that no version takes is told in the words of the first one, and nothing else happens', async () => {
  const { log } = await recording([])
  expect(log.lines).toEqual(['warn could not record an Event: v1 could not be found'])
})
