import type { DrillRequest } from '../../../core/drill/drill-request.ts'

/** What a drill `nightly` of the newest backup of a Schedule is asked for. */
export const drillRequest: DrillRequest = {
  name: 'nightly',
  namespace: 'velero',
  cluster: 'c',
  from: { schedule: 'nightly' },
  prefix: 'scratch-',
  replicas: 'zero',
  validate: true,
  keep: 10,
  deadlineSeconds: 3600,
}
