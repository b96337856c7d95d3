import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../kit/audit.ts'
import { createdTwice, lateWrites, writesWithoutLease } from './audit-checks.ts'

const startMs = Date.parse('2026-11-29T12:00:00.000Z')
const time = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString()

/** A request that came and was answered at this second. */
function event(seconds: number, verb: string, place: string, more: Partial<AuditEvent> = {}): AuditEvent {
  const [resource = '', namespace = '', name = ''] = place.split('/')
  return {
    verb,
    userAgent: 'drydock/1.1',
    requestURI: '/api?timeout=4s',
    objectRef: { resource, namespace, name },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: time(seconds),
    stageTimestamp: time(seconds),
    ...more,
  }
}

describe('the audit log shows', () => {
  it('objects that were created twice, but not creates that were refused or those of others', () => {
    const create = (code: number, userAgent = 'drydock/1.1') =>
      event(1, 'create', 'configmaps/web/one', { responseStatus: { code }, userAgent })
    expect(createdTwice([create(201), create(409), create(201, 'kubelet'), create(500)])).toEqual([])
    expect(createdTwice([create(201), create(201, 'drydock/2.1')])).toEqual(['created 2 times: configmaps/web/one'])
  })

  it('writes after the end of the restore, but for its Restore, its Events and Leases', () => {
    const end = event(10, 'patch', 'restores/velero/r')
    const afterwards = ['restores/velero/r', 'events/velero/e', 'leases/velero/l'].map((place) =>
      event(11, 'patch', place),
    )
    const before = event(9.9, 'create', 'configmaps/web/one')
    expect(lateWrites([before, end, ...afterwards], { name: 'r', seenAtMs: startMs + 10_100 })).toEqual([])
    expect(lateWrites([end, event(12, 'patch', 'pods/web/p')], { name: 'r', seenAtMs: startMs + 10_100 })).toEqual([
      '2000 ms after the end: patch pods/web/p by drydock/1.1',
    ])
  })

  it('writes after the end into namespaces of the restore alone, where others run beside it', () => {
    const end = event(10, 'patch', 'restores/velero/r')
    const writes = ['pods/r-web/p', 'pods/other-web/p'].map((place) => event(11, 'create', place))
    expect(lateWrites([end, ...writes], { name: 'r', seenAtMs: startMs + 10_100, isAmongOthers: true })).toEqual([
      '1000 ms after the end: create pods/r-web/p by drydock/1.1',
    ])
  })

  it('writes between the end and the moment at which somebody saw it', () => {
    const events = [event(10, 'patch', 'restores/velero/r'), event(10.05, 'delete', 'configmaps/velero/c')]
    expect(lateWrites(events, { name: 'r', seenAtMs: startMs + 10_100 })).toHaveLength(1)
  })

  it('writes of a worker whose Lease has run out, and not those of another one', () => {
    const lease = event(0, 'patch', 'leases/velero/drydock-worker-a')
    const late = event(16, 'create', 'configmaps/web/one')
    expect(writesWithoutLease([lease, event(14, 'create', 'configmaps/web/one')])).toEqual([])
    expect(writesWithoutLease([lease, late])).toEqual([
      '16000 ms after the last renewal of its Lease: create configmaps/web/one by drydock/1.1',
    ])
    const some = event(0, 'get', 'configmaps/web/one', { userAgent: 'kubectl' })
    expect(writesWithoutLease([some, event(14, 'create', 'configmaps/web/one')])).toEqual([])
    expect(writesWithoutLease([some, late])).toHaveLength(1)
    const ofOther = event(10, 'patch', 'leases/velero/drydock-worker-b', { userAgent: 'drydock/2.1' })
    expect(writesWithoutLease([lease, ofOther, late])).toHaveLength(1)
  })

  it('a long write as covered by the longer Lease that was renewed for it', () => {
    const lease = event(0, 'patch', 'leases/velero/drydock-worker-a')
    const long = (seconds: number) => event(seconds, 'create', 'configmaps/web/one', { requestURI: '/api?timeout=60s' })
    expect(writesWithoutLease([lease, long(60)])).toEqual([])
    expect(writesWithoutLease([lease, long(80)])).toHaveLength(1)
  })
})
