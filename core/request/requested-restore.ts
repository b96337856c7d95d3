import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { claimedAnnotation, requestedByAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import { isSweptByVelero } from '../results/restore-status.ts'
import { sha256Hex } from '../values/derived-names.ts'

/** A Restore that a workflow asks for. */
export interface Requested {
  spec: RestoreSpec
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** A name of Kubernetes may be longer, but a label value may not, and Velero puts names into labels. */
const nameLengthMax = 63
const hashLength = 10

/**
 * The Restore to create. `requestId` names who asks, by the id and the first run of a workflow: the annotation with it tells a
 * second attempt that the Restore is the one that the first attempt made, and the default name repeats with it.
 */
export function requestedRestore(asked: Requested, requestId: string, namespace: string): Restore {
  const from = asked.spec.backupName || asked.spec.scheduleName || 'restore'
  const hash = sha256Hex(requestId).slice(0, hashLength)
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: {
      name: asked.name ?? `${from.slice(0, nameLengthMax - hashLength - 1)}-${hash}`,
      namespace,
      ...(asked.labels === undefined ? {} : { labels: asked.labels }),
      annotations: { ...asked.annotations, [requestedByAnnotation]: requestId },
    },
    spec: asked.spec,
  }
}

/** Whether a Restore that exists is the one that this request has made. */
export function isRequestedBy(restore: Restore, requestId: string): boolean {
  return restore.metadata.annotations?.[requestedByAnnotation] === requestId
}

/** Whether a restore is over. One that a starting Velero server has marked by mistake is not: it goes on (rule 1). */
export function isRestoreOver({ metadata, status = {} }: Restore): boolean {
  if (!isTerminal(status.phase)) return false
  return metadata.annotations?.[claimedAnnotation] === undefined || !isSweptByVelero(status)
}
