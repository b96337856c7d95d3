import type { BackedUpItem } from '../backups/put-backup.ts'
import { withAdmin } from '../restores.ts'
import { helmSequences } from './helm-sequences.ts'
import { itemsIn } from './owned-objects.ts'
import { manifestFile, must } from './real-tools.ts'
import type { Hands } from './real-tools.ts'
import { appResources } from './small-app.ts'
import { client, makers, objectsFor, sequences } from './tool-sequences.ts'
import type { App, Maker, Sequence } from './tool-sequences.ts'

/** Where all of it is: one namespace, and one folder for files. */
export interface AppsPlace {
  namespace: string
  dir: string
  /** The folder of the chart. */
  chart: string
}

/** The apps of a sequence of kubectl's commands, or of requests: one of each maker. */
export function appsFor(sequence: Sequence, { namespace, dir }: AppsPlace): App[] {
  const number = names.indexOf(sequence)
  return makers.map((maker) => ({ namespace, dir, maker, name: `${maker}-${number}` }))
}

const names = Object.keys(sequences) as Sequence[]

/** Two apps of the client, for what the modes differ in. */
export const differingApps = ['client-own-entry', 'client-label'] as const

const releases = Object.entries(helmSequences)

/** Makes all apps and releases as their makers do, and returns them as the API server does: so a backup has them. */
export async function makeApps(hands: Hands, place: AppsPlace): Promise<BackedUpItem[]> {
  const { namespace, dir, chart } = place
  await withAdmin(hands.cluster, (admin) => admin.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } }))
  const apps = names.flatMap((sequence) => appsFor(sequence, place))
  const madeBy = (...some: Maker[]) => apps.filter(({ maker }) => some.includes(maker))
  const all = (maker: Maker) =>
    manifestFile(
      dir,
      `all-${maker}`,
      madeBy(maker).flatMap((app) => objectsFor(app)),
    )
  const adopted = releases.flatMap(([name, { install }]) => (install === undefined ? [name] : []))
  const more = [...differingApps, ...adopted].map((name) => ({ namespace, dir, name, maker: 'client' as const }))
  await Promise.all([
    must(hands.kubectl('apply', '-f', all('apply'))),
    must(hands.kubectl('apply', '--server-side', '-f', all('server-side'))),
    must(hands.kubectl('create', '-f', all('create'))),
    ...releases.flatMap(([name, { install }]) =>
      install === undefined ? [] : [must(hands.helm('install', name, chart, '-n', namespace, ...install))],
    ),
    ...[...madeBy('client', 'scaled', 'status'), ...more].map((app) => post(hands, app)),
  ])
  const write = ({ name }: App, part: string, body: object) => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/${part}`
    return must(hands.ask('PATCH', path, body, 'application/merge-patch+json'))
  }
  for (const app of madeBy('scaled')) await write(app, 'scale?fieldManager=autoscaler', { spec: { replicas: 3 } })
  for (const app of madeBy('status')) await write(app, 'status?fieldManager=kubelet', { status: { replicas: 2 } })
  return withAdmin(hands.cluster, (admin) => itemsIn(admin, namespace))
}

async function post({ ask }: Hands, app: App): Promise<void> {
  for (const [index, object] of objectsFor(app).entries()) {
    const [, api, resource] = appResources[index]!
    await must(ask('POST', `${api}/namespaces/${app.namespace}/${resource}?fieldManager=${client}`, object))
  }
}
