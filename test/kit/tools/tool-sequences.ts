import type { Manifest } from '../../../velero/manifest.ts'
import { manifestFile } from './real-tools.ts'
import type { Answer, Hands } from './real-tools.ts'
import { appResources, firstValues, smallApp } from './small-app.ts'
import type { AppValues } from './small-app.ts'

/** Who made the objects of a backup. The last three are one client; in two of them somebody else has written too. */
export const makers = ['apply', 'server-side', 'create', 'client', 'scaled', 'status'] as const

/** One of {@link makers}. */
export type Maker = (typeof makers)[number]

/** The client that is none of the tools. */
export const client = 'some-controller'

/** An app, and where its files go. */
export interface App {
  namespace: string
  name: string
  maker: Maker
  dir: string
}

/** The objects of an app. Of one that somebody else has written too there is the Deployment alone. */
export function objectsFor(app: App, values: AppValues = firstValues): Manifest[] {
  return smallApp(app.namespace, app.name, values).slice(0, kindsOf(app).length)
}

/** One command, and how it ends: for tools by an exit code and for requests by an HTTP status that is no success, else 0. */
export interface Step {
  what: string
  does: (hands: Hands) => Promise<Answer>
  ends: number
  says: RegExp
  /** The objects of which it says otherwise than it should. */
  wronglyToldOf?: (words: string) => string[]
}

const other: AppValues = { mode: 'other', extra: true }
const fewer: AppValues = { mode: 'other', extra: false }
const third: AppValues = { mode: 'third', extra: false }

/** Whether a command is refused for an object. */
type Refused = (app: App, kind: Kind) => boolean

const never: Refused = () => false
const always: Refused = () => true
/** The autoscaler has another number of replicas. */
const whereScaled: Refused = ({ maker }, kind) => maker === 'scaled' && kind === 'deployment.apps'
/** What kubectl applied by either way is kubectl's. */
const whereNotApplied: Refused = ({ maker }) => maker !== 'apply' && maker !== 'server-side'

/** Sequences of commands, by name. Each has one app of each maker, and each command is about all of them. */
export const sequences = {
  'kubectl apply': (apps) => [apply(apps, firstValues), apply(apps, other), apply(apps, fewer)],
  'kubectl apply --server-side': (apps) => [
    serverSide(apps, firstValues, [], whereScaled),
    serverSide(apps, other, [], whereNotApplied),
    serverSide(apps, other, ['--force-conflicts']),
    serverSide(apps, fewer),
    serverSide(apps, third, ['--field-manager=somebody'], always),
    serverSide(apps, third, ['--field-manager=somebody', '--force-conflicts']),
    serverSide(apps, other, [], always),
  ],
  'kubectl apply, then --server-side, then apply': (apps) => [
    apply(apps, other),
    serverSide(apps, fewer),
    serverSide(apps, third, ['--force-conflicts']),
    apply(apps, firstValues),
  ],
  'kubectl edit, scale, label, annotate, set': (apps) => {
    const all = apps.flatMap((app) => kindsOf(app).map((kind) => `${kind}/${app.name}`))
    const deployments = apps.map(({ name }) => `deployment.apps/${name}`)
    const { namespace } = apps[0]!
    const by = (args: readonly string[], verb: RegExp, of?: readonly Kind[]) =>
      command(apps, [...args, '-n', namespace], { verb, of })
    return [
      by(['edit', ...all], /^edited/),
      by(['scale', ...deployments, '--replicas=5'], /^scaled/, ['deployment.apps']),
      by(['label', ...all, 'by=hand'], /^labeled/),
      by(['label', ...all, 'extra-'], /^(?:unlabeled|not labeled)/),
      by(['annotate', ...all, 'mode=hand', '--overwrite'], /^annotated/),
      by(['set', 'image', ...deployments, 'app=registry.example.com/app:hand'], /^image updated/, ['deployment.apps']),
    ]
  },
  'kubectl replace, then apply --server-side': (apps) => [
    command(apps, ['replace', '-f', file(apps, other)], { verb: /^replaced/ }),
    serverSide(apps, fewer, ['--force-conflicts']),
  ],
  'a controller applies, and then patches': (apps) => [
    request('an apply of the same values', apps, applied(firstValues, false), whereScaled),
    request('an apply of others', apps, applied(other, false), always),
    request('a forced apply of others', apps, applied(other, true)),
    request('an apply of fewer', apps, applied(fewer, false)),
    request('a merge patch', apps, (path, { metadata }) => [
      'PATCH',
      `${path}/${metadata.name}?fieldManager=${client}`,
      { metadata: { annotations: { mode: 'patched' }, labels: { patched: 'yes' } } },
      'application/merge-patch+json',
    ]),
  ],
} as const satisfies Record<string, (apps: readonly App[]) => Step[]>

/** One of {@link sequences}. */
export type Sequence = keyof typeof sequences

/** The kinds of an app as kubectl names them, in the order of `smallApp`. */
const kinds = ['deployment.apps', 'service', 'configmap', 'secret'] as const
type Kind = (typeof kinds)[number]

const kindsOf = ({ maker }: App): readonly Kind[] =>
  maker === 'scaled' || maker === 'status' ? ['deployment.apps'] : kinds

interface Ending {
  /** What is said of an object that was written. */
  verb: RegExp
  /** The kinds that the command is about; all of the app, if absent. */
  of?: readonly Kind[] | undefined
  refused?: Refused
  /** How it ends where it is refused for an object. */
  refusal?: number
}

function endingOf(apps: readonly App[], ending: Ending): Pick<Step, 'ends' | 'says' | 'wronglyToldOf'> {
  const { verb, of, refused = never, refusal = 1 } = ending
  const objects = apps.flatMap((app) =>
    (of ?? kindsOf(app)).map((kind) => ({ name: `${kind}/${app.name}`, isRefused: refused(app, kind) })),
  )
  const isRefused = objects.some((object) => object.isRefused)
  return {
    ends: isRefused ? refusal : 0,
    says: isRefused ? /conflict/ : /^(?!.*conflict)/s,
    wronglyToldOf: (words) => {
      const told = new Map([...words.matchAll(/^([\w.]+\/\S+) (.*)$/gm)].map(([, name, text = '']) => [name, text]))
      return objects
        .filter(({ name, isRefused }) => verb.test(told.get(name) ?? '') === isRefused)
        .map(({ name }) => name)
    },
  }
}

function command(apps: readonly App[], args: readonly string[], ending: Ending): Step {
  return { what: `kubectl ${args.join(' ')}`, does: ({ kubectl }) => kubectl(...args), ...endingOf(apps, ending) }
}

/** One file with these apps. */
function file(apps: readonly App[], values: AppValues): string {
  const [first] = apps
  const manifests = apps.flatMap((app) => objectsFor(app, values))
  return manifestFile(first!.dir, `${first!.name}-${values.mode}-${values.extra}`, manifests)
}

function apply(apps: readonly App[], values: AppValues): Step {
  return command(apps, ['apply', '-f', file(apps, values)], { verb: /^(?:configured|unchanged)/ })
}

function serverSide(
  apps: readonly App[],
  values: AppValues,
  flags: readonly string[] = [],
  refused: Refused = never,
): Step {
  const args = ['apply', '--server-side', ...flags, '-f', file(apps, values)]
  return command(apps, args, { verb: /^serverside-applied/, refused })
}

type Request = (path: string, object: Manifest) => Parameters<Hands['ask']>

function applied(values: AppValues, force: boolean): Request {
  return (path, { kind, metadata: { name, namespace = '' } }) => [
    'PATCH',
    `${path}/${name}?fieldManager=${client}&force=${force}`,
    smallApp(namespace, name, values).find((one) => one.kind === kind),
    'application/apply-patch+yaml',
  ]
}

/** A request of the controller for each object. Its words are like those of kubectl, and the worst answer counts. */
function request(what: string, apps: readonly App[], make: Request, refused: Refused = never): Step {
  return {
    what,
    does: async ({ ask }) => {
      const asked = apps.flatMap((app) =>
        objectsFor(app).map(async (object, index) => {
          const [, api, resource] = appResources[index]!
          const { code, words } = await ask(...make(`${api}/namespaces/${app.namespace}/${resource}`, object))
          return { code, words: `${kinds[index]}/${app.name} ${code === 0 ? 'done' : words}` }
        }),
      )
      const answers = await Promise.all(asked)
      return { code: Math.max(...answers.map(({ code }) => code)), words: answers.map(({ words }) => words).join('\n') }
    },
    ...endingOf(apps, { verb: /^done/, refused, refusal: 409 }),
  }
}

/** Turns the client's entry into an applied one, as kubectl does with an entry that owns its annotation, and applies fewer fields. */
export function takeOwnEntryOver(app: App): Step[] {
  const as = `--field-manager=${client}`
  const annotate = command([app], ['apply', as, '-f', file([app], firstValues)], { verb: /^configured/ })
  return [annotate, serverSide([app], { ...firstValues, extra: false }, [as])]
}

/** Applies another value of a label on the server's side, without force and by force. */
export function applyLabel({ dir, namespace, name }: App, label: string): Record<'plain' | 'forced', string[]> {
  const [configMap] = smallApp(namespace, name).filter(({ kind }) => kind === 'ConfigMap')
  const labels = { [label]: 'another' }
  const path = manifestFile(dir, `${name}-label`, [{ ...configMap!, metadata: { ...configMap!.metadata, labels } }])
  const args = ['apply', '--server-side', '-f', path]
  return { plain: args, forced: [...args, '--force-conflicts'] }
}
