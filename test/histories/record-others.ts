import { drillWorkflowIdOf, drillWorkflowType } from '../../contract/drill.ts'
import type { DrillRequest } from '../../contract/drill.ts'
import { notifyWorkflowIdOf } from '../../contract/notify.ts'
import { taskQueueOf } from '../../contract/task-queue.ts'
import { undoWorkflowIdOf, undoWorkflowType } from '../../contract/undo-restore.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { Restore } from '../../velero/restore.ts'
import { clusterOf, create, over, save } from './recorder.ts'
import type { Recorder } from './recorder.ts'

/** One whose annotations ask for more than Velero does, and the notification of its end. */
export async function recordAnnotated(recorder: Recorder): Promise<void> {
  const annotations = {
    'drydock.io/isolate': 'true',
    'drydock.io/replicas': 'zero',
    'drydock.io/owners': 'relink',
    'drydock.io/existing': 'recreate',
    'drydock.io/validate': 'true',
  }
  // No controller looks at workloads here, and the validation waits for them.
  const includedResources = ['configmaps', 'secrets', 'services', 'serviceaccounts']
  const spec = { backupName: 'shop', includedResources, namespaceMapping: { shop: 'apart' } }
  const id = await create(recorder, 'annotated', spec, annotations)
  await over(recorder, 'annotated')
  await save(recorder, 'annotated', id)
  const uid = id.slice(id.lastIndexOf('/') + 1)
  const ref = { namespace: 'velero', name: 'annotated', uid, cluster: '' }
  await save(recorder, 'notify', notifyWorkflowIdOf({ ref }))
}

/** One that is undone: what would be done is looked at first. */
export async function recordUndo(recorder: Recorder): Promise<void> {
  const spec = { backupName: 'shop', includedResources: ['configmaps', 'secrets'], namespaceMapping: { shop: 'undone' } }
  const id = await create(recorder, 'undone', spec)
  await over(recorder, 'undone')
  await recorder.client.workflow.getHandle(id).result()
  const uid = id.slice(id.lastIndexOf('/') + 1)
  const ref = { namespace: 'velero', name: 'undone', uid, cluster: await clusterOf(recorder) }
  for (const dryRun of [true, false]) {
    const workflowId = undoWorkflowIdOf(ref, { dryRun })
    await recorder.client.workflow.execute(undoWorkflowType, {
      workflowId,
      taskQueue: taskQueueOf(ref.cluster, ref.namespace),
      args: [{ ...ref, ...(dryRun ? { dryRun } : {}) }],
    })
    await save(recorder, dryRun ? 'undo-plan' : 'undo', workflowId)
  }
}

/** No controller ends namespaces here. Ends those that are on their way out, again and again. */
function endNamespaces(kube: KubeClient): () => void {
  const timer = setInterval(() => {
    void kube.must('GET', '/api/v1/namespaces').then(async ({ body }) => {
      for (const { metadata } of (body as { items: Restore[] }).items)
        if (metadata.deletionTimestamp !== undefined)
          await kube.request('PUT', `/api/v1/namespaces/${metadata.name}/finalize`, {
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name: metadata.name },
            spec: { finalizers: [] },
          })
    })
  }, 500)
  return () => clearInterval(timer)
}

/** One that succeeds, and one whose backup is not there. */
export async function recordDrill(recorder: Recorder): Promise<void> {
  const stop = endNamespaces(recorder.kube)
  await recordDrills(recorder).finally(stop)
}

async function recordDrills(recorder: Recorder): Promise<void> {
  const cluster = await clusterOf(recorder)
  const names = { drill: 'shop', 'drill-failed': 'not-there' }
  for (const [name, backup] of Object.entries(names)) {
    const request: DrillRequest = {
      name,
      namespace: 'velero',
      cluster,
      from: { backup },
      prefix: 'scratch-',
      replicas: 'zero',
      validate: false,
      keep: 10,
      deadlineSeconds: 600,
      // No controller lets them go here.
      excludedResources: ['persistentvolumes', 'persistentvolumeclaims'],
    }
    const handle = await recorder.client.workflow.start(drillWorkflowType, {
      workflowId: `${drillWorkflowIdOf(request)}-recorded`,
      taskQueue: taskQueueOf(cluster, 'velero'),
      args: [request],
    })
    await save(recorder, name, handle.workflowId)
  }
}
