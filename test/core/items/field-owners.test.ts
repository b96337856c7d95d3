import { describe, expect, it } from 'vitest'
import { fieldManagerOf } from '../../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../../velero/manifest.ts'
import { isOurs, modeFor, needsSecondWrite, sameEntries, planOwners } from '../../../core/items/field-owners.ts'
import { anObject, labels } from './builders.ts'

const mark = { uid: 'uid-1', creationTimestamp: '2026-11-24T10:00:00Z', labels }
const entry = (more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager: 'kubectl',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': { 'f:key': {}, '.': {} } },
  ...more,
})
const now = '2026-11-24T10:00:02Z'
const created = (managedFields: ManagedFieldsEntry[] = [entry({ manager: fieldManagerOf('uid-1') })]): Manifest =>
  anObject('ConfigMap', 'a', {
    labels: { ...labels, own: 'x' },
    creationTimestamp: '2026-11-24T10:00:00Z',
    managedFields,
  })

describe('an object that stands where ours should go is ours', () => {
  it('where our manager is among its owners', () => {
    expect(isOurs(created(), mark, {})).toBe(true)
  })

  it("where the backup's owners stand there as they were, in any order of entries and keys", () => {
    const [a, b] = [entry(), entry({ manager: 'operator', subresource: 'status' })]
    const turned = { ...a, fieldsV1: { 'f:data': { '.': {}, 'f:key': {} } } }
    expect(isOurs(created([b, turned]), mark, { managedFields: [a, b] })).toBe(true)
  })

  it.each([
    ['a kubelet has written its status', [entry(), entry({ manager: 'kubelet', subresource: 'status', time: now })]],
    ['a controller has bound or adopted it', [entry(), entry({ manager: 'controller', time: now })]],
    ['an owner has left it', [entry()]],
  ])('where one owner of the backup stands there as it was: since then %s', (_why, entries) => {
    const before = [entry(), entry({ manager: 'controller' }), entry({ manager: 'kubelet', subresource: 'status' })]
    expect(isOurs(created(entries), mark, { managedFields: before })).toBe(true)
  })

  it('in mode owners where the manager we posted as wrote it since the Restore was made', () => {
    const fresh = entry({ time: '2026-11-24T10:00:01Z' })
    expect(isOurs(created([fresh]), mark, { postedAs: 'kubectl' })).toBe(true)
  })

  it('where labels are asked of nobody, as of namespaces', () => {
    const { labels: _labels, ...bare } = mark
    expect(isOurs({ ...created(), metadata: { ...created().metadata, labels: {} } }, bare, {})).toBe(true)
  })
})

describe('an object that stands where ours should go is not ours', () => {
  const withMeta = (more: object) => ({ ...created(), metadata: { ...created().metadata, ...more } })
  const status = entry({ subresource: 'status' })
  const scale = entry({ subresource: 'scale' })
  const { time: _time, ...untimed } = entry()
  const foreign = created([entry({ time: '2026-11-24T10:00:01Z' })])

  it.each<[string, Manifest, Parameters<typeof isOurs>[2]]>([
    ['it has no labels', withMeta({ labels: undefined }), {}],
    ['it lacks the label of the restore', withMeta({ labels: { 'velero.io/backup-name': 'shop' } }), {}],
    ['it lacks the label of the backup', withMeta({ labels: { 'velero.io/restore-name': 'again' } }), {}],
    ['another restore of the backup made it', withMeta({ labels: { ...labels, 'velero.io/restore-name': 'b' } }), {}],
    ['it is older than the Restore', withMeta({ creationTimestamp: '2026-11-24T09:59:59Z' }), {}],
    ['it has no time of creation', withMeta({ creationTimestamp: null }), {}],
    ['its owners are others, labels copied over', foreign, { managedFields: [entry()] }],
    ['it has no owners and the backup none', created([]), { managedFields: [] }],
    ['only the owner of its status is as in the backup', created([status]), { managedFields: [entry(), status] }],
    [
      'all owners of the backup are of its status, and one is gone',
      created([status]),
      { managedFields: [status, scale] },
    ],
    ['its only owner has no time', created([untimed]), { managedFields: [untimed, status] }],
    ['an owner has other fields', created([entry({ fieldsV1: { 'f:x': {} } })]), { managedFields: [entry()] }],
    ['an owner has another time', foreign, { managedFields: [entry()] }],
    ['the manager we post as wrote it before us', created([entry()]), { postedAs: 'kubectl' }],
    ['another manager wrote it lately', foreign, { postedAs: 'helm' }],
    ['the uid of another restore is in its manager', created([entry({ manager: fieldManagerOf('uid-2') })]), {}],
  ])('where %s', (_why, live, written) => {
    expect(isOurs(live, mark, written)).toBe(false)
  })
})

describe('the mode of managed fields', () => {
  it.each([
    ['endpoints', 'x', 'exact'],
    ['endpointslices.discovery.k8s.io', 'x', 'exact'],
    ['controllerrevisions.apps', 'x', 'exact'],
    ['leases.coordination.k8s.io', 'x', 'exact'],
    ['serviceaccounts', 'default', 'exact'],
    ['serviceaccounts', 'robot', 'owners'],
    ['configmaps', 'kube-root-ca.crt', 'exact'],
    ['configmaps', 'a', 'owners'],
    ['deployments.apps', 'default', 'owners'],
  ])('of %s %s is %s where owners is wanted', (groupResource, name, mode) => {
    expect(modeFor('owners', groupResource, name)).toBe(mode)
    expect(modeFor('exact', groupResource, name)).toBe('exact')
  })

  it('counts the subresource as part of an entry', () => {
    expect(sameEntries([entry()], [entry({ subresource: 'status' })])).toBe(false)
    expect(sameEntries([entry()], [entry({ subresource: '' })])).toBe(true)
  })
})

const backedUp = (more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager: 'operator',
  operation: 'Update',
  apiVersion: 'v1',
  fieldsV1: {},
  ...more,
})
const status = backedUp({
  manager: 'controller',
  subresource: 'status',
  fieldsV1: { 'f:status': { 'f:replicas': {} } },
})
const withEntries = (...managedFields: ManagedFieldsEntry[]) => anObject('ConfigMap', 'a', { managedFields })

describe('posting an object', () => {
  it('in mode exact goes under our own name and without entries, which a second write sets', () => {
    const posting = planOwners(withEntries(backedUp()), 'exact', 'drydock-1')
    expect(posting).toEqual({ body: anObject('ConfigMap', 'a'), fieldManager: 'drydock-1', patchOwners: true })
  })

  it('in mode owners goes in one write under the name of the only manager', () => {
    const posting = planOwners(withEntries(backedUp()), 'owners', 'drydock-1')
    expect(posting).toEqual({
      body: anObject('ConfigMap', 'a'),
      fieldManager: 'operator',
      patchOwners: false,
      postedAs: 'operator',
    })
  })

  it('in mode owners carries the entries of those who own the status', () => {
    const { body, patchOwners } = planOwners(withEntries(backedUp(), status), 'owners', 'drydock-1')
    expect(body.metadata.managedFields).toEqual([status])
    expect(patchOwners).toBe(false)
  })

  it.each([
    ['two managers own other fields', [backedUp(), backedUp({ manager: 'helm' })]],
    ['the only manager applied it', [backedUp({ operation: 'Apply' })]],
    ['the manager has no name', [backedUp({ manager: '' })]],
    ['the backedUp is about another version', [backedUp({ apiVersion: 'v1beta1' })]],
    ['only the status has an owner', [status]],
    ['nobody owns anything', []],
    ['somebody scaled it', [backedUp(), backedUp({ subresource: 'scale', fieldsV1: { 'f:spec': {} } })]],
    [
      'a controller owns more than the status by it',
      [backedUp(), { ...status, fieldsV1: { 'f:metadata': {}, 'f:status': {} } }],
    ],
  ])('in mode owners takes two writes where %s', (_why, entries) => {
    const posting = planOwners(withEntries(...entries), 'owners', 'drydock-1')
    expect(posting).toMatchObject({ fieldManager: 'drydock-1', patchOwners: true })
    expect(posting.body.metadata).toEqual({ name: 'a' })
  })

  it.each([
    ['the API server has set a field that nobody owned', { type: 'ClusterIP', ipFamilyPolicy: 'SingleStack' }],
    ['the restore has dropped a field', {}],
  ])('in mode owners takes two writes where %s', (_why, spec) => {
    const entries = [backedUp({ fieldsV1: { 'f:spec': { 'f:type': {} } } })]
    const service = (of: object) => anObject('Service', 'a', { managedFields: entries }, { spec: of })
    expect(planOwners(service(spec), 'owners', 'drydock-1')).toMatchObject({
      fieldManager: 'drydock-1',
      patchOwners: true,
      postedAs: 'operator',
    })
    expect(planOwners(service({ type: 'ClusterIP' }), 'owners', 'drydock-1')).toMatchObject({ patchOwners: false })
  })

  const annotated = (name: string) => (object: Manifest) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { [name]: '{}' } },
  })
  const asItIs = (object: Manifest) => object

  it.each([
    ['kubectl applied it', annotated('kubectl.kubernetes.io/last-applied-configuration'), 'some-client'],
    ['Helm installed it', annotated('meta.helm.sh/release-name'), 'some-client'],
    ['Helm wrote it as a hook, without its annotations', asItIs, 'helm'],
    ['kubectl wrote it', asItIs, 'kubectl-create'],
  ])('in mode owners leaves the labels of the restore to nobody where %s: two writes', (_why, change, manager) => {
    const { annotations } = change(withEntries()).metadata
    const fields = Object.fromEntries(Object.keys(annotations ?? {}).map((name) => [`f:${name}`, {}]))
    const fieldsV1 = annotations === undefined ? {} : { 'f:metadata': { 'f:annotations': fields } }
    const posting = planOwners(change(withEntries(backedUp({ manager, fieldsV1 }))), 'owners', 'drydock-1')
    expect(posting).toMatchObject({ fieldManager: 'drydock-1', patchOwners: true })
    // What an earlier version created in one write is still ours.
    expect(posting.postedAs).toBe(manager)
  })
})

describe('what is to be created in one write needs a second one', () => {
  const ours = fieldManagerOf('uid-1')
  const oneWrite = { patchOwners: false, postedAs: 'kubectl' }
  const status = entry({ manager: 'controller', subresource: 'status' })
  const key = { 'f:data': { '.': {}, 'f:key': {} } }
  const posted = (fieldsV1: object, time = mark.creationTimestamp) => entry({ time, fieldsV1 })
  const isNeeded = (...entries: ManagedFieldsEntry[]) =>
    needsSecondWrite(created([...entries, status]), oneWrite, { ours, written: [status, entry()] })

  it.each([
    ['the API server has set a field by itself', { ...key, 'f:immutable': {} }],
    ['it has left a field out', { 'f:data': { '.': {} } }],
    ['it has added labels', { ...key, 'f:metadata': { 'f:labels': { 'f:velero.io/restore-name': {}, 'f:l': {} } } }],
  ])('where %s', (_why, fieldsV1) => {
    expect(isNeeded(posted(fieldsV1))).toBe(true)
  })

  it('where an attempt in mode exact has created it, and died before its second write', () => {
    expect(isNeeded(entry({ manager: ours }))).toBe(true)
    expect(isNeeded(posted(key), { ...status, manager: ours })).toBe(false)
  })

  it('but not where it differs in the labels of the restore alone', () => {
    const marks = { 'f:labels': { '.': {}, 'f:velero.io/backup-name': {}, 'f:velero.io/restore-name': {} } }
    expect(isNeeded(posted({ ...key, 'f:metadata': marks }))).toBe(false)
  })

  it('but not once the manager has written it again, or somebody else, whose entry would go', () => {
    expect(isNeeded(posted({ ...key, 'f:immutable': {} }, now))).toBe(false)
    expect(isNeeded(posted({ 'f:data': { '.': {} } }), entry({ manager: 'editor', fieldsV1: key }))).toBe(false)
    expect(isNeeded(entry({ manager: 'editor', fieldsV1: key }))).toBe(false)
  })

  it('but not where the API server keeps no entries', () => {
    const { managedFields: _none, ...metadata } = created().metadata
    expect(needsSecondWrite({ ...created(), metadata }, oneWrite, { ours, written: [entry()] })).toBe(false)
  })
})
