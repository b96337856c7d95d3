import { beforeAll, describe, expect, it } from 'vitest'
import { drydockVeleroFlags } from '../../../devstack/services/velero.ts'
import { awaitRestore, getRestore, listKeys } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, getVelero, listVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { velero } from '../../kit/velero/velero-cli.ts'
import { startVeleroServer } from '../../kit/velero/velero-server.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

describe.each(['without', 'with'] as const)('the velero command line %s a Velero server', (server) => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster()
    if (server === 'with') await startVeleroServer(cluster, drydockVeleroFlags)
    // The stack's server runs beside the cluster, with no pod that a worker could see by itself.
    await startWorker(cluster, { DRYDOCK_WITHOUT_VELERO: server === 'with' ? 'present' : 'auto' })
  })

  /** Words as one would type them; those with spaces in them come after. */
  const run = async (command: string, ...more: string[]) => {
    const result = await velero(cluster, ...command.split(' '), ...more)
    expect(result.code, `velero ${command} ${more.join(' ')}: ${result.stderr}${result.stdout}`).toBe(0)
    return result.stdout
  }

  it('restore create --wait restores, and says how it ended', async () => {
    const said = await run('restore create first --from-backup shop --include-resources configmaps,secrets --wait')
    expect(said).toContain('Restore request "first" submitted successfully.')
    expect(said).toContain('Restore completed with status: Completed.')
  })

  it('restore create takes every flag', async () => {
    const flags = [
      '--include-namespaces shop --exclude-namespaces other',
      '--include-resources configmaps,services --exclude-resources secrets --namespace-mappings shop:shop-2',
      '--restore-volumes=false --preserve-nodeports=true --include-cluster-resources=false',
      '--existing-resource-policy update --status-include-resources services --status-exclude-resources pods',
      '--item-operation-timeout 1h --parallel-files-download 2 --write-sparse-files --labels a=b --annotations c=d',
    ]
    const command = `restore create flags --from-backup shop ${flags.join(' ')} --wait --selector`
    const said = await run(command, 'tier notin (none)')
    expect(said).toMatch(/Restore completed with status: (Completed|PartiallyFailed)/)
    const { metadata, spec } = await awaitRestore(cluster, 'flags')
    expect(metadata).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd' } })
    expect(spec).toMatchObject({
      backupName: 'shop',
      includedNamespaces: ['shop'],
      excludedNamespaces: ['other'],
      includedResources: ['configmaps', 'services'],
      namespaceMapping: { shop: 'shop-2' },
      labelSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['none'] }] },
      restorePVs: false,
      preserveNodePorts: true,
      includeClusterResources: false,
      existingResourcePolicy: 'update',
      restoreStatus: { includedResources: ['services'], excludedResources: ['pods'] },
      itemOperationTimeout: '1h0m0s',
      uploaderConfig: { parallelFilesDownload: 2, writeSparseFiles: true },
    })
    expect(spec.excludedResources).toContain('secrets')
    expect(spec.excludedResources).toContain('nodes')
  })

  it('restore create --or-selector and --resource-modifier-configmap are refused or taken by Velero’s rules', async () => {
    const command = 'restore create modified --from-backup shop --resource-modifier-configmap nope --wait --or-selector'
    const said = await run(command, 'app=web or app=db')
    expect(said).toContain('Restore completed with status: FailedValidation')
    const described = await run('restore describe modified')
    expect(described).toContain('failed to get resource modifiers configmap velero/nope')
  })

  it('restore create --from-schedule takes the newest backup of it', async () => {
    await patchVelero(cluster, 'backups', 'shop', { metadata: { labels: { 'velero.io/schedule-name': 'daily' } } })
    const mappings = 'shop:shop-3,shop-db:db-3,ops:ops-3'
    const said = await run(
      `restore create scheduled --from-schedule daily --include-resources configmaps --namespace-mappings ${mappings} --wait`,
    )
    expect(said).toContain('Restore completed with status: Completed')
    expect((await getRestore(cluster, 'scheduled'))?.spec.backupName).toBe('shop')
  })

  it('restore get lists them', async () => {
    const lines = (await run('restore get')).trimEnd().split('\n')
    expect(lines[0]).toMatch(/^NAME +BACKUP +STATUS +STARTED +COMPLETED +ERRORS +WARNINGS +CREATED +SELECTOR/)
    expect(lines.find((line) => line.startsWith('first '))).toMatch(/^first +shop +Completed +2\S+ .*/)
  })

  it('restore describe --details shows phase, counts, messages and what was restored', async () => {
    const described = await run('restore describe first --details --colorized=false')
    expect(described).toMatch(/Phase: +Completed/)
    expect(described).toMatch(/Items restored: +\d+/)
    expect(described).toMatch(/Backup: +shop/)
    expect(described).toContain('Resource List:')
    expect(described).toMatch(/v1\/ConfigMap:\n( +- .*\n)* +- shop\/web-config\(created\)/)
    expect(described).not.toContain('<error')
  })

  it('restore logs prints the log', async () => {
    const log = await run('restore logs first')
    expect(log).toContain('msg="starting restore"')
    expect(log).toContain('msg="restore completed"')
  })

  it('says what Velero says of one that is not there', async () => {
    const logs = await velero(cluster, 'restore', 'logs', 'nope')
    expect(logs.code).toBe(1)
    expect(logs.stderr + logs.stdout).toContain('Restore "nope" does not exist')
    const created = await velero(cluster, 'restore', 'create', 'x', '--from-backup', 'nope')
    expect(created.code).toBe(1)
    expect(created.stderr).toContain('"nope" not found')
  })

  it('restore delete removes it with its files', async () => {
    const said = await run('restore delete first --confirm')
    expect(said).toContain('Request to delete restore "first" submitted successfully.')
    await waitUntil(async () => (await getRestore(cluster, 'first')) === undefined, 120_000, 'the restore to go')
    expect(await listKeys(cluster, 'restores/first/')).toEqual([])
  })

  /** Makes a request for a deletion that is refused, and returns the errors that it gets. */
  const refusalOf = async (name: string, backupName: string) => {
    const object = { apiVersion: 'velero.io/v1', kind: 'DeleteBackupRequest', metadata: { name }, spec: { backupName } }
    await createVelero(cluster, 'deletebackuprequests', object)
    const status = async () => (await getVelero(cluster, 'deletebackuprequests', name))?.status
    await waitUntil(async () => (await status())?.['phase'] === 'Processed', 120_000, `request ${name} to be processed`)
    return (await status())?.['errors']
  }

  it('a backup is not deleted that is not there, or is in a read-only location', async () => {
    expect(await refusalOf('nothing', '')).toEqual(['backup deletion failed: spec.backupName is required'])
    expect(await refusalOf('nowhere', 'nope')).toEqual(['backup deletion failed: backup not found'])
    // A Velero server decides from its cache, which may not know of the change yet: it would delete the backup.
    if (server === 'with') return
    await patchVelero(cluster, 'backupstoragelocations', 'default', { spec: { accessMode: 'ReadOnly' } })
    expect(await refusalOf('read-only', 'shop')).toEqual([
      'backup deletion failed: cannot delete backup because backup storage location default is currently in read-only mode',
    ])
    await patchVelero(cluster, 'backupstoragelocations', 'default', { spec: { accessMode: 'ReadWrite' } })
    expect((await getVelero(cluster, 'backups', 'shop'))?.status).toMatchObject({ phase: 'Completed' })
  })

  it('backup delete removes it with its files, its restores and their files', async () => {
    expect(await listKeys(cluster, 'restores/scheduled/')).not.toEqual([])
    const said = await run('backup delete shop --confirm')
    expect(said).toContain('Request to delete backup "shop" submitted successfully.')
    await waitUntil(
      async () => (await getVelero(cluster, 'backups', 'shop')) === undefined,
      180_000,
      'the backup to go',
    )
    expect(await getRestore(cluster, 'scheduled')).toBeUndefined()
    expect(await listKeys(cluster, 'backups/shop/')).toEqual([])
    expect(await listKeys(cluster, 'restores/scheduled/')).toEqual([])
    const requests = async () =>
      (await listVelero(cluster, 'deletebackuprequests')).map(({ metadata }) => metadata.name)
    const isOurs = (name: string) => name.startsWith('shop-')
    await waitUntil(async () => !(await requests()).some(isOurs), 60_000, 'its request to go')
  })
})
