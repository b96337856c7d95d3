import { PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import { awaitRestore, createRestore, listKeys, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { configMap, path, tarball } from '../../kit/backups/tarball.ts'
import { createCompletedBackup } from '../../kit/velero/velero-objects.ts'
import { startWorker } from '../../kit/worker.ts'

describe('bad input', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    await startWorker(cluster, { DRYDOCK_INFLATED_BYTES: String(50 * 1024 * 1024) })
  })

  /** Puts a backup with this tarball into the bucket and the cluster, restores it, and returns the Restore when it is over. */
  async function restoreOf(name: string, body: Buffer | undefined, spec: object = {}) {
    const s3 = openBucket(cluster.s3)
    if (body !== undefined) {
      await s3.send(
        new PutObjectCommand({
          Bucket: cluster.s3.bucket,
          Key: `${cluster.prefix}/backups/${name}/${name}.tar.gz`,
          Body: body,
        }),
      )
    }
    s3.destroy()
    await createCompletedBackup(cluster, name)
    await createRestore(cluster, { name, spec: { backupName: name, ...spec } })
    return awaitRestore(cluster, name)
  }

  it('a Backup that is not there fails validation in Velero’s words', async () => {
    await createRestore(cluster, { name: 'no-backup', spec: { backupName: 'nope' } })
    const { status, spec } = await awaitRestore(cluster, 'no-backup')
    expect(status).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: [`Error retrieving backup: can't find backup velero/nope: Backup.velero.io "nope" not found`],
    })
    expect(spec.excludedResources).toContain('nodes')
    expect(await listKeys(cluster, 'restores/no-backup/')).toEqual([])
  })

  it('a Restore without a spec, which the CRD lets pass, fails validation as one that names no backup', async () => {
    await createRestore(cluster, { name: 'no-spec' })
    const { status } = await awaitRestore(cluster, 'no-spec')
    expect(status).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: ['Either a backup or schedule must be specified as a source for the restore, but not both'],
    })
  })

  it('a contradictory spec fails validation with all its errors, in Velero’s order', async () => {
    await createRestore(cluster, {
      name: 'contradictory',
      spec: {
        backupName: 'shop',
        scheduleName: 'daily',
        includedResources: ['nodes', 'pods'],
        excludedResources: ['pods'],
        includedNamespaces: ['a', '*'],
        labelSelector: { matchLabels: { a: 'b' } },
        orLabelSelectors: [{ matchLabels: { c: 'd' } }],
      },
    })
    const { status } = await awaitRestore(cluster, 'contradictory')
    expect(status?.phase).toBe('FailedValidation')
    expect(status?.validationErrors).toEqual([
      'nodes are non-restorable resources',
      'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: nodes',
      'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: pods',
      `Invalid included/excluded namespace lists: includes list must either contain '*' only, or a non-empty list of items`,
      'encountered labelSelector as well as orLabelSelectors in restore spec, only one can be specified',
      'Either a backup or schedule must be specified as a source for the restore, but not both',
    ])
  })

  it('a tarball that is not in the bucket ends Failed and names the key', async () => {
    const { status } = await restoreOf('no-tarball', undefined)
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(
      /^restore execution failed: error downloading backup: .*error getting object \S*backups\/no-tarball\/no-tarball\.tar\.gz/,
    )
    expect(status?.completionTimestamp).toBeDefined()
  })

  it.each([
    ['not-gzip', Buffer.from('this is no gzip'), 'gzip: invalid header'],
    ['empty', Buffer.alloc(0), 'EOF'],
  ])('a tarball that is %s ends PartiallyFailed with Go’s words, and restores nothing', async (name, body, words) => {
    const { status } = await restoreOf(name, body)
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const { results, resourceList } = await readResultFiles(cluster, name)
    expect(results?.errors.velero).toEqual([words])
    expect(resourceList).toEqual({})
  })

  it('a truncated tarball ends PartiallyFailed and restores nothing of it', async () => {
    const whole = await tarball(
      Array.from({ length: 200 }, (_, index) => ({
        name: path(`c${index}`),
        text: configMap(`c${index}`, { v: `${Math.random()}` }),
      })),
    )
    const { status } = await restoreOf('truncated', whole.subarray(0, whole.length / 2))
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const { results, resourceList } = await readResultFiles(cluster, 'truncated')
    expect(results?.errors.velero).toEqual(['unexpected EOF'])
    expect(resourceList).toEqual({})
  })

  it('a path that leaves the archive ends PartiallyFailed and writes nothing anywhere', async () => {
    const { status } = await restoreOf(
      'escape',
      await tarball([
        { name: path('good'), text: configMap('good') },
        { name: '../../evil.json', text: '{}' },
      ]),
    )
    expect(status?.phase).toBe('PartiallyFailed')
    const { results, resourceList } = await readResultFiles(cluster, 'escape')
    expect(results?.errors.velero).toEqual(['invalid archive path "../../evil.json": escapes target directory'])
    expect(resourceList).toEqual({})
  })

  it('links are never followed, and an absolute path stays inside the archive, as in Velero', async () => {
    const body = await tarball([
      { name: path('link'), type: 'symlink', linkname: '/etc/passwd' },
      { name: `/${path('absolute')}`, text: configMap('absolute') },
    ])
    const { status } = await restoreOf('links', body)
    expect(status?.phase).toBe('Completed')
    const { resourceList } = await readResultFiles(cluster, 'links')
    expect(resourceList).toMatchObject({ 'v1/ConfigMap': ['bad/absolute(created)'] })
  })

  it('an archive that inflates past the bound stops while it is read, and says which bound', async () => {
    const { status } = await restoreOf(
      'bomb',
      await tarball([{ name: path('bomb'), text: 'x'.repeat(60 * 1024 * 1024) }]),
    )
    expect(status?.phase).toBe('PartiallyFailed')
    const { results } = await readResultFiles(cluster, 'bomb')
    expect(results?.errors.velero?.[0]).toMatch(/52428800|inflated/)
  })

  it('an item that is no JSON is an error of its namespace; the rest is restored', async () => {
    const body = await tarball([
      { name: path('broken'), text: 'nope' },
      { name: path('fine'), text: configMap('fine') },
    ])
    const { status } = await restoreOf('no-json', body)
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const { results, resourceList } = await readResultFiles(cluster, 'no-json')
    expect(results?.errors.namespaces?.['bad']?.[0]).toMatch(
      /^error decoding "resources\/configmaps\/namespaces\/bad\/broken\.json": invalid JSON/,
    )
    expect(resourceList?.['v1/ConfigMap']).toEqual(['bad/fine(created)'])
  })

  it('a tarball without resources is a warning, and Completed', async () => {
    const { status } = await restoreOf('no-items', await tarball([{ name: 'metadata/version', text: '1.1.0' }]))
    expect(status).toMatchObject({ phase: 'Completed', warnings: 1 })
    const { results } = await readResultFiles(cluster, 'no-items')
    expect(results?.warnings.velero?.[0]).toMatch(/^zero items to be restored: /)
  })

  it('an object that the API server refuses is an error of its namespace in the server’s words', async () => {
    const refused = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'Not_A_Name', namespace: 'bad' },
    })
    const { status } = await restoreOf('refused', await tarball([{ name: path('Not_A_Name'), text: refused }]))
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const { results } = await readResultFiles(cluster, 'refused')
    expect(results?.errors.namespaces?.['bad']?.[0]).toMatch(
      /^error restoring configmaps\/bad\/Not_A_Name: ConfigMap "Not_A_Name" is invalid/,
    )
  })

  it('what the API server says of a Secret is stored without the value it quotes', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'bad', labels: { leak: 'top secret value!' } },
      type: 'Opaque',
      data: { p: 'aHVudGVyMg==' },
    }
    const body = await tarball([{ name: 'resources/secrets/namespaces/bad/s.json', text: JSON.stringify(secret) }])
    await restoreOf('secretive', body)
    const files = await readResultFiles(cluster, 'secretive')
    expect(files.results?.errors.namespaces?.['bad']?.[0]).toMatch(/^error restoring secrets\/bad\/s: /)
    expect(JSON.stringify(files)).not.toContain('top secret value!')
    expect(JSON.stringify(files)).not.toContain('aHVudGVyMg')
  })

  it('leaves no file in the bucket for a restore that failed validation', async () => {
    expect(await listKeys(cluster, 'restores/contradictory/')).toEqual([])
  })
})
