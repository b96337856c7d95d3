import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { startReceiver } from '../../kit/servers/notify-receiver.ts'
import type { Receiver } from '../../kit/servers/notify-receiver.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { eventsOf } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

const secret = 'a secret of the receiver'

describe('a worker with a receiver of notifications', () => {
  let cluster: TestCluster
  let log: () => string
  let receiver: Receiver
  beforeAll(async () => {
    cluster = await freshCluster()
    const file = join(mkdtempSync(join(tmpdir(), 'drydock-template-')), 'template.json')
    const template = { name: '{{name}}', phase: '{{phase}}', errors: '{{errors}}', text: '{{phase}}: {{sentence}}' }
    writeFileSync(file, JSON.stringify(template))
    // By the name of the Restore: `hangs…` is never answered, `busy…` is taken the second time.
    receiver = await startReceiver(secret, ({ name }, response, count) => {
      if (name.startsWith('hangs')) return
      const isBusy = name.startsWith('busy') && count === 1
      response.writeHead(isBusy ? 503 : 200).end(isBusy ? 'come back later' : '')
    })
    const worker = await startWorker(cluster, {
      DRYDOCK_NOTIFY_URL: receiver.url,
      DRYDOCK_NOTIFY_SECRET: secret,
      DRYDOCK_NOTIFY_TEMPLATE: file,
      DRYDOCK_NOTIFY_TIMEOUT: '13s',
    })
    log = () => worker.log()
  })
  const restored = async (name: string, backupName = 'shop') => {
    await createRestore(cluster, { name, spec: { backupName, includedResources: ['configmaps'] } })
    return awaitRestore(cluster, name)
  }
  const told = (name: string, times = 1) =>
    waitUntil(() => receiver.of(name).length >= times, 60_000, `the notification of ${name}`)

  it('sends one signed notification of each end, and an Event says the same', async () => {
    const { status } = await restored('good')
    await told('good')
    await restored('refused', 'nope')
    await told('refused')
    const [good, refused] = receiver.received
    expect(receiver.received.map((one) => [one.name, receiver.isSigned(one)])).toEqual([
      ['good', true],
      ['refused', true],
    ])
    const body = JSON.parse(good?.body ?? '') as { text: string }
    expect(body).toMatchObject({ name: 'good', phase: 'Completed', errors: 0 })
    const created = `${status?.progress?.itemsRestored} objects created`
    expect(body.text).toMatch(
      new RegExp(`^Completed: The restore of backup shop into the cluster ended as Completed.*: ${created}`),
    )
    expect(JSON.parse(refused?.body ?? '')).toMatchObject({
      phase: 'FailedValidation',
      text: expect.stringMatching(/"nope" not found/),
    })
    const notes = (await eventsOf(cluster, 'good')).map(({ reason, note }) => [reason, note])
    expect(notes.at(-1)).toEqual(['Completed', body.text.replace('Completed: ', '')])
    expect(notes).not.toContainEqual(['NotNotified', expect.anything()])
  })

  it('sends it again under the same id where the receiver was busy', async () => {
    await restored('busy')
    await told('busy', 2)
    const deliveries = receiver.of('busy')
    expect(deliveries.map((one) => receiver.isSigned(one))).toEqual([true, true])
    expect(new Set(deliveries.map(({ headers }) => headers['x-drydock-delivery'])).size).toBe(1)
    expect(new Set(deliveries.map(({ body }) => body)).size).toBe(1)
  })

  it('tells in one Event that a receiver hangs; the restore has ended meanwhile', async () => {
    const { status } = await restored('hangs')
    expect(status?.phase).toBe('Completed')
    const isTold = async () => (await eventsOf(cluster, 'hangs')).some(({ reason }) => reason === 'NotNotified')
    await waitUntil(isTold, 90_000, 'the Event about the notification')
    const events = (await eventsOf(cluster, 'hangs')).filter(({ reason }) => reason === 'NotNotified')
    expect(events).toEqual([
      {
        type: 'Warning',
        reason: 'NotNotified',
        note: expect.stringMatching(
          /the notification of restore hangs was not delivered: http:\/\/127\.0\.0\.1:\d+ did not answer within 10 s$/,
        ),
      },
    ])
    expect((await restored('after')).status?.phase).toBe('Completed')
    await told('after')
  })

  it('logs neither the secret nor the path of the address', () => {
    expect(log()).toContain('a notification was delivered')
    expect(log()).not.toContain(secret)
    expect(log()).not.toContain('token-of-the-address')
  })
})
