import { whenFileIsOver } from './run/clean-up.ts'
import { makeBucket, openBucket, uploadFolder } from '../../devstack/bucket.ts'
import { addBackups } from '../../devstack/cluster/cluster-setup.ts'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { openHome, type Home } from '../../devstack/home.ts'
import { launchVersitygw, startVersitygw } from '../../devstack/services/versitygw.ts'
import type { BucketAddress } from '../../devstack/stack-types.ts'
import { withClient } from '../../devstack/with-client.ts'
import { bareCluster, fixturePath, theStack } from './stack.ts'
import type { TestCluster } from './stack.ts'
import { ownDir, removeOwn } from './run/sweep.ts'

/** A cluster whose backup location is on an S3 server of its own, which may be made to refuse writes. */
export interface ClusterWithBucket {
  cluster: TestCluster
  /** From now on the server reads only, or writes again. It is away for a moment, as a server that is set up anew is. */
  setReadOnly: (readOnly: boolean) => Promise<void>
}

/** Starts both, with these backups in the bucket and in the cluster. They are stopped after the tests of the file. */
export async function clusterWithOwnBucket(backups: readonly string[]): Promise<ClusterWithBucket> {
  const bucketHome = openHome(ownDir())
  whenFileIsOver(() => removeOwn(bucketHome.dir))
  const s3 = await startVersitygw(bucketHome)
  const folders = backups.map((backup) => fixturePath(`backups/${backup}`))
  const client = openBucket(s3)
  await makeBucket(client, s3.bucket)
  client.destroy()
  for (const [index, backup] of backups.entries())
    await uploadFolder(s3, folders[index] ?? '', `own/backups/${backup}/`)
  const cluster = await bareCluster()
  await withClient(cluster, (admin) =>
    addBackups(admin, { namespace: cluster.veleroNamespace, location: { s3, prefix: 'own' }, backups: folders }),
  )
  return {
    cluster: { ...cluster, s3, prefix: 'own', temporal: theStack().temporal },
    setReadOnly: (readOnly) => startAgain(bucketHome, s3, readOnly),
  }
}

/** The same server over the same folder at the same address. */
async function startAgain(home: Home, s3: BucketAddress, readOnly: boolean): Promise<void> {
  const running = home.state.services['versitygw']
  if (running !== undefined) await endProcess(running)
  await launchVersitygw(home, s3, { readOnly })
}
