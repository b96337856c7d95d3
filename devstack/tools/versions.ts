/** Our Go modules, which pin what is built. */
export type GoModule = 'core' | 'velero' | 'prometheus' | 'kubernetes-1.24' | 'temporal-server'

/** The versions of Kubernetes that the stack can run, each with the Go module that pins it. The first one is what the tests run. */
export const kubernetesVersions: Readonly<Record<string, GoModule>> = {
  'v1.36.3': 'core',
  // The oldest one that builds from its own Go module. Those before it need a generated file that their modules lack.
  'v1.24.0': 'kubernetes-1.24',
}

/** The version of Temporal's own server that the stack can run in place of the dev server. */
export const temporalServer = 'v1.32.1'

/** The version of Kubernetes that `DRYDOCK_KUBERNETES_VERSION` asks for, and the Go module that it is built from. */
export function kubernetesVersion(env = process.env): { version: string; minor: number; module: GoModule } {
  const version = chosen('DRYDOCK_KUBERNETES_VERSION', Object.keys(kubernetesVersions), env)
  const module = kubernetesVersions[version] ?? 'core'
  return { version, minor: Number(version.split('.')[1]), module }
}

/** Whether `DRYDOCK_TEMPORAL_VERSION` asks for Temporal's own server. Without it the dev server of the command line runs. */
export function isTemporalServerWanted(env = process.env): boolean {
  return chosen('DRYDOCK_TEMPORAL_VERSION', ['dev', temporalServer], env) === temporalServer
}

function chosen(name: string, known: readonly string[], env: NodeJS.ProcessEnv): string {
  const version = env[name] || known[0] || ''
  if (known.includes(version)) return version
  throw new Error(`${name} is ${version}: the stack can run ${known.join(' or ')}`)
}
