import type { Manifest } from '../../../velero/manifest.ts'
import type { Verdict } from './node-agent.ts'
import type { MadeUpBackup } from '../backups/put-backup.ts'
import { aNamespace, movedClaims } from '../backups/volume-backups.ts'
import type { SeenPhase } from './watch-phases.ts'

/** A way of a restore through the phases, and what makes it go there. Restore, Backup and namespace have one name. */
export interface PhaseScenario {
  name: string
  /** What it shows, as a sentence about restores. */
  shows: string
  /** Each phase, in the order in which a watch sees them. */
  phases: readonly SeenPhase[]
  warnings?: number
  errors?: number
  failureReason?: RegExp
  /** The backup; without it there is a Backup in the cluster and nothing in the bucket. */
  backup?: MadeUpBackup
  /** More of `velero restore create`. */
  flags?: readonly string[]
  /** Not created by `velero`, which sets no phase, but in phase New. */
  createdAsNew?: true
  /** What becomes of the download of a claim, by the phases seen so far. */
  download?: (claim: string, seen: readonly SeenPhase[]) => Verdict
  /** A ConfigMap `existing` of other content stands in the namespace. */
  standing?: true
  /** This namespace is going away. It is gone once the downloads have ended, or never where there are none. */
  held?: string
  /** The phase in which a user asks for the end. */
  cancelIn?: SeenPhase
}

const configMap = (namespace: string, name: string, data: object = { key: 'value' }) =>
  ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data } as Manifest] as const

/** An item that the API server does not take. */
const refused = (namespace: string) => configMap(namespace, 'refused', { 'no key has blanks': 'value' })

const podWithHook = (namespace: string, hook: Record<string, string>): MadeUpBackup['items'][number] => {
  const annotations = Object.fromEntries(
    Object.entries(hook).map(([key, value]) => [`post.hook.restore.velero.io/${key}`, value]),
  )
  const spec = { containers: [{ name: 'app', image: 'example.com/app:1' }] }
  return ['pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'hooked', namespace, annotations }, spec }]
}

const plain = (name: string, ...more: MadeUpBackup['items']): MadeUpBackup => ({
  name,
  items: [aNamespace(name), configMap(name, 'plain'), ...more],
})

const moved = (name: string, claims = 1, ...more: MadeUpBackup['items']): MadeUpBackup => {
  const backup = movedClaims(name, name, claims)
  return { ...backup, items: [...backup.items, ...more] }
}

/** A download does not begin before the restore is seen waiting for it, so that no machine is too fast for the watch. */
const onceWaiting =
  (then: Verdict): NonNullable<PhaseScenario['download']> =>
  (_claim, seen) =>
    seen.some((phase) => phase.startsWith('WaitingFor')) ? then : 'stuck'

const diskIsFull: Verdict = { fail: 'the disk is full' }

const withoutOperations: readonly PhaseScenario[] = [
  {
    name: 'plain',
    shows: 'one without operations and errors goes by Finalizing to Completed',
    phases: ['', 'InProgress', 'Finalizing', 'Completed'],
    backup: plain('plain'),
  },
  {
    name: 'from-new',
    shows: 'one that was created in phase New goes the same way',
    phases: ['New', 'InProgress', 'Finalizing', 'Completed'],
    backup: plain('from-new'),
    createdAsNew: true,
  },
  {
    name: 'warned',
    shows: 'one with warnings alone goes the same way',
    phases: ['', 'InProgress', 'Finalizing', 'Completed'],
    warnings: 1,
    backup: plain('warned', configMap('warned', 'existing')),
    standing: true,
  },
  {
    name: 'refused',
    shows: 'one with an item that is refused goes by FinalizingPartiallyFailed to PartiallyFailed',
    phases: ['', 'InProgress', 'FinalizingPartiallyFailed', 'PartiallyFailed'],
    errors: 1,
    backup: plain('refused', refused('refused')),
  },
  {
    name: 'hooked',
    shows: 'one whose hook fails, an error of the finalization alone, goes from Finalizing to PartiallyFailed',
    phases: ['', 'InProgress', 'Finalizing', 'PartiallyFailed'],
    errors: 1,
    backup: plain('hooked', podWithHook('hooked', { command: 'true', 'wait-timeout': '1s' })),
  },
]

const withOperations: readonly PhaseScenario[] = [
  {
    name: 'moved',
    shows: 'one whose operation succeeds goes by WaitingForPluginOperations and Finalizing to Completed',
    phases: ['', 'InProgress', 'WaitingForPluginOperations', 'Finalizing', 'Completed'],
    backup: moved('moved'),
    download: onceWaiting('complete'),
  },
  {
    name: 'moved-refused',
    shows: 'one with an item that is refused waits, finalizes and ends in phases that say so, its operation succeeding',
    phases: [
      '',
      'InProgress',
      'WaitingForPluginOperationsPartiallyFailed',
      'FinalizingPartiallyFailed',
      'PartiallyFailed',
    ],
    errors: 1,
    backup: moved('moved-refused', 1, refused('moved-refused')),
    download: onceWaiting('complete'),
  },
  {
    name: 'half-moved',
    shows: 'one of whose operations one fails says so while it waits for the other',
    phases: [
      '',
      'InProgress',
      'WaitingForPluginOperations',
      'WaitingForPluginOperationsPartiallyFailed',
      'FinalizingPartiallyFailed',
      'PartiallyFailed',
    ],
    errors: 1,
    backup: moved('half-moved', 2),
    download: (claim, seen) => {
      if (claim === 'data-1') return onceWaiting(diskIsFull)(claim, seen)
      return seen.includes('WaitingForPluginOperationsPartiallyFailed') ? 'complete' : 'stuck'
    },
  },
  {
    name: 'not-moved',
    shows: 'one whose only operation fails goes straight on to FinalizingPartiallyFailed',
    phases: ['', 'InProgress', 'WaitingForPluginOperations', 'FinalizingPartiallyFailed', 'PartiallyFailed'],
    errors: 1,
    backup: moved('not-moved'),
    download: onceWaiting(diskIsFull),
  },
  {
    name: 'moved-early',
    shows: 'one whose operation has succeeded before its items are restored does not wait',
    phases: ['', 'InProgress', 'Finalizing', 'Completed'],
    backup: moved('moved-early', 1, configMap('held-1', 'late')),
    download: () => 'complete',
    held: 'held-1',
  },
  {
    name: 'failed-early',
    shows: 'one whose operation has failed before its items are restored does not wait, and says so from then on',
    phases: ['', 'InProgress', 'FinalizingPartiallyFailed', 'PartiallyFailed'],
    errors: 1,
    backup: moved('failed-early', 1, configMap('held-2', 'late')),
    download: () => diskIsFull,
    held: 'held-2',
  },
]

const withoutSuccess: readonly PhaseScenario[] = [
  {
    name: 'invalid',
    shows: 'one that is not valid is FailedValidation at once',
    phases: ['', 'FailedValidation'],
    backup: plain('invalid'),
    flags: ['--include-resources', 'nodes'],
  },
  {
    name: 'no-tarball',
    shows: 'one whose tarball is missing goes from InProgress to Failed',
    phases: ['', 'InProgress', 'Failed'],
    failureReason: /no-tarball\.tar\.gz/,
  },
  {
    name: 'cancel-items',
    shows: 'one that is cancelled among its items goes from InProgress to Failed',
    phases: ['', 'InProgress', 'Failed'],
    failureReason: /^cancelled: enough$/,
    backup: plain('cancel-items', configMap('held-3', 'late')),
    held: 'held-3',
    cancelIn: 'InProgress',
  },
  {
    name: 'cancel-moving',
    shows: 'one that is cancelled while it waits for an operation goes from there to Failed',
    phases: ['', 'InProgress', 'WaitingForPluginOperations', 'Failed'],
    errors: 1,
    failureReason: /^cancelled: enough$/,
    backup: moved('cancel-moving'),
    download: () => 'stuck',
    cancelIn: 'WaitingForPluginOperations',
  },
  {
    name: 'cancel-hook',
    shows: 'one that is cancelled while it waits for a hook goes from Finalizing to Failed',
    phases: ['', 'InProgress', 'Finalizing', 'Failed'],
    failureReason: /^cancelled: enough$/,
    backup: plain('cancel-hook', podWithHook('cancel-hook', { command: 'true', 'wait-timeout': '10m' })),
    cancelIn: 'Finalizing',
  },
]

/** Every way through the phases that a restore can go. */
export const phaseScenarios: readonly PhaseScenario[] = [...withoutOperations, ...withOperations, ...withoutSuccess]
