import type { Hands } from './real-tools.ts'
import type { AppValues } from './small-app.ts'
import type { Step } from './tool-sequences.ts'

/** A release of Helm: how it is installed before the backup, and what is done after the restore. */
export interface HelmSequence {
  /** Absent where a client of another kind made the objects. */
  install?: readonly string[]
  steps: (release: Release) => Step[]
}

/** Where a release is, and of which chart. */
export interface Release {
  namespace: string
  name: string
  chart: string
}

const other: AppValues = { mode: 'other', extra: true }
const fewer: AppValues = { mode: 'other', extra: false }
const third: AppValues = { mode: 'third', extra: false }
const onClient = '--server-side=false'
const onServer = '--server-side=true'
const conflict = /conflict/

/** Sequences of Helm's commands, by the name of the release. */
export const helmSequences: Readonly<Record<string, HelmSequence>> = {
  'helm-server-side': {
    install: [],
    steps: (release) => [upgrade(release, other), upgrade(release, fewer), rollback(release)],
  },
  'helm-client-side': {
    install: [onClient],
    steps: (release) => [upgrade(release, other), upgrade(release, fewer), rollback(release)],
  },
  'helm-to-server': {
    install: [onClient],
    steps: (release) => [
      upgrade(release, fewer, { flags: [onServer] }),
      upgrade(release, third),
      rollback(release),
      upgrade(release, third, { flags: [onServer] }),
    ],
  },
  'helm-to-client': {
    install: [],
    steps: (release) => [upgrade(release, fewer, { flags: [onClient] }), rollback(release)],
  },
  'helm-after-edit': {
    install: [],
    steps: (release) => [
      edit(release),
      upgrade(release, other, { ends: 1, says: conflict }),
      upgrade(release, other, { flags: ['--force-conflicts'] }),
    ],
  },
  // The client's app has the values of the chart.
  'helm-adopts-client': {
    steps: (release) => [
      upgrade(release, undefined, { flags: ['--install', '--take-ownership'], says: /STATUS: deployed/ }),
      upgrade(release, other, { ends: 1, says: conflict }),
      upgrade(release, other, { flags: ['--force-conflicts'] }),
      upgrade(release, fewer),
    ],
  },
  'helm-adopts-hook': {
    install: [onClient, '--set', 'hook=true'],
    steps: (release) => [
      upgrade(release, fewer, { flags: [onServer, '--take-ownership'] }),
      upgrade(release, third),
      rollback(release, '2'),
    ],
  },
}

interface Ending {
  flags?: readonly string[]
  ends?: number
  says?: RegExp
}

function upgrade({ name, chart, namespace }: Release, values?: AppValues, ending: Ending = {}): Step {
  const { flags = [], ends = 0, says = /has been upgraded/ } = ending
  const set = values === undefined ? [] : ['--set', `mode=${values.mode},extra=${values.extra}`]
  return helmStep(['upgrade', name, chart, '-n', namespace, ...set, ...flags], { ends, says })
}

function rollback({ name, namespace }: Release, revision = '1'): Step {
  return helmStep(['rollback', name, revision, '-n', namespace], { ends: 0, says: /Rollback was a success/ })
}

function edit({ name, namespace }: Release): Step {
  const does = ({ kubectl }: Hands) => kubectl('edit', `deployment/${name}`, `configmap/${name}`, '-n', namespace)
  return { what: 'kubectl edit', does, ends: 0, says: /edited/ }
}

function helmStep(args: readonly string[], ending: { ends: number; says: RegExp }): Step {
  return { what: `helm ${args.join(' ')}`, does: ({ helm }) => helm(...args), ...ending }
}
