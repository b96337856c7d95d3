import type { NotifyInput, NotifyReport, NotifySubject } from '../../contract/notify.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { endedRestore, noticeFacts } from '../../core/notify/notice-facts.ts'
import type { EndedRestore } from '../../core/notify/notice-facts.ts'
import { renderTemplate } from '../../core/notify/template.ts'
import { runOf } from '../../core/request/decide-retry.ts'
import { isRestoreOver } from '../../core/request/requested-restore.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import { notDelivered, waiting } from '../frame/failures.ts'
import { readRestore, recordEventOn } from '../frame/restore-resource.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'

/**
 * Notifications that a worker sends at once. Each may hold its slot for ten seconds where the receiver hangs, and restores that go
 * on need the other slots.
 */
const atOnceMax = 4
const turnSeconds = 2

/**
 * Sends the notification of a restore or a drill that is over, once: Temporal tries it again. Its id is the same each time, and so
 * is what it says. Nothing is sent where the Restore is gone or has begun its next run, of which the end is told.
 */
export function notify({ ports, settings }: NotifyParts) {
  let sending = 0
  return (input: NotifyInput): Promise<NotifyReport> =>
    runActivity(ports.presence, { doing: `notifying of the end of restore ${input.ref.name}` }, async ({ signal }) => {
      if (sending >= atOnceMax)
        throw waiting({ waitingFor: 'notifications that are being sent', afterSeconds: turnSeconds })
      sending++
      try {
        return await deliver({ ports, settings }, input, signal)
      } finally {
        sending--
      }
    })
}

interface NotifyParts {
  ports: Ports
  settings: Settings
}

async function deliver(
  { ports, settings }: NotifyParts,
  input: NotifyInput,
  signal: AbortSignal,
): Promise<NotifyReport> {
  const { webhook, clock, log } = ports
  const { ref } = input
  if (webhook === undefined || settings.notify === undefined)
    throw notDelivered(`the notification of restore ${ref.name} was not sent: this worker has no DRYDOCK_NOTIFY_URL`)
  const ended = input.ended ?? (await readEnded(ports, input))
  if (ended === undefined)
    return {
      do: 'nothing',
      because: `restore ${ref.name} is gone, or its next run has begun, of which the end is told`,
    }
  const body = renderTemplate(settings.notify.template, noticeFacts(ended, { ...input, cluster: ref.cluster }))
  const delivery = await webhook.send({ id: noticeIdOf(input, ended), body, at: clock.now() }, signal)
  if (delivery.do !== 'delivered')
    throw notDelivered(
      `the notification of restore ${ref.name} was not delivered: ${webhook.receiver} ${delivery.why}`,
      delivery.do === 'refused' ? { final: true } : { afterSeconds: delivery.afterSeconds },
    )
  log.info('a notification was delivered', { restore: ref.name, receiver: webhook.receiver })
  return { do: 'delivered' }
}

/** How the run ended; undefined where the Restore is gone, goes on or is in another run. */
async function readEnded({ cluster }: Ports, { ref, run = 1 }: NotifyInput): Promise<EndedRestore | undefined> {
  const restore = await readRestore(cluster, ref)
  const isEnd = restore !== undefined && isRestoreOver(restore) && runOf(restore) === run
  return isEnd ? endedRestore(restore) : undefined
}

/** Of one end there is one id, however often it is told. */
function noticeIdOf({ ref, run = 1, drill = '' }: NotifyInput, { endedAt }: EndedRestore): string {
  return sha256Hex([ref.uid, ref.name, String(run), endedAt, drill].join('|')).slice(0, 32)
}

/** Records the Event that a notification was not delivered, once. */
export function tellNotDelivered({ cluster, presence, clock, log }: Ports) {
  return ({ ref, why, subject }: { ref: RestoreRef; why: string; subject?: NotifySubject }): Promise<void> =>
    runActivity(presence, { doing: `telling that a notification of restore ${ref.name} was not delivered` }, () =>
      recordEventOn({ cluster, clock, log }, aboutOf(ref.namespace, subject ?? { kind: 'Restore', ...ref }), {
        type: 'Warning',
        reason: 'NotNotified',
        note: why,
      }),
    )
}

function aboutOf(namespace: string, { kind, name, uid }: NotifySubject) {
  return { kind, metadata: { namespace, name, uid } }
}
