/** Specs that agree on what they run against. Each group has servers of its own, which nothing has touched before. */
export interface Group {
  /** One sentence: what these specs need. */
  about: string
  /** `-cloud-provider`: what the suite takes the cluster for. It decides about StorageClasses and how volumes are made. */
  cloud: 'kind' | 'vanilla-zfs'
  /** `-use-volume-snapshots`. No snapshotter is behind it: PersistentVolumes are backed up and restored as objects, or made anew. */
  snapshots?: boolean
  /** Flags of Velero's server beside those that leave restores to Drydock. */
  serverFlags?: readonly string[]
  /** Features of Velero's server and of the worker. */
  features?: readonly string[]
  /** The suite removes Velero with its CustomResourceDefinitions and installs it again. */
  installs?: boolean
  /** After so many minutes the suite is ended. */
  minutesMax: number
}

export type GroupName =
  | 'objects'
  | 'schedules'
  | 'api-versions'
  | 'installs'
  | 'volumes'
  | 'file-system'
  | 'location-deletion'
  | 'snapshots'
  | 'snapshot-location-deletion'
  | 'expiry'

/** All of them, in the order in which they run. A spec that deletes the default location has a group of its own. */
export const groups: Readonly<Record<GroupName, Group>> = {
  objects: {
    about: 'Plain objects, filters, mappings of namespaces and storage classes.',
    cloud: 'kind',
    minutesMax: 25,
  },
  schedules: {
    about: 'Schedules, and requests in the wrong namespace: long waits.',
    cloud: 'kind',
    minutesMax: 25,
  },
  'api-versions': {
    about: 'A kind in several versions, with the feature EnableAPIGroupVersions.',
    cloud: 'kind',
    features: ['EnableAPIGroupVersions'],
    minutesMax: 30,
  },
  installs: {
    about: 'Velero goes and comes back.',
    cloud: 'kind',
    installs: true,
    minutesMax: 15,
  },
  volumes: {
    about: 'Volumes that a node agent copies where pods ask for it.',
    cloud: 'vanilla-zfs',
    minutesMax: 25,
  },
  'file-system': {
    about: 'Volumes that a node agent copies by default.',
    cloud: 'vanilla-zfs',
    serverFlags: ['--default-volumes-to-fs-backup'],
    minutesMax: 30,
  },
  'location-deletion': {
    about: 'The same, and the default location is deleted.',
    cloud: 'vanilla-zfs',
    serverFlags: ['--default-volumes-to-fs-backup'],
    minutesMax: 10,
  },
  snapshots: {
    about: 'PersistentVolumes as objects, or made anew.',
    cloud: 'vanilla-zfs',
    snapshots: true,
    minutesMax: 25,
  },
  'snapshot-location-deletion': {
    about: 'The same, and the default location is deleted.',
    cloud: 'vanilla-zfs',
    snapshots: true,
    minutesMax: 10,
  },
  expiry: {
    about: 'Restores and their files go with an expired backup.',
    cloud: 'vanilla-zfs',
    snapshots: true,
    serverFlags: ['--garbage-collection-frequency=2m'],
    minutesMax: 20,
  },
}
