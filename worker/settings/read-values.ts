import { GoDurationError, parseGoDuration } from '../../core/values/go-duration.ts'

/** The environment of a worker. */
export type Env = Readonly<Record<string, string | undefined>>

/** A whole number between its bounds; the fallback where none is given. What is wrong is added to `problems`. */
export function readNumber(
  env: Env,
  setting: { name: string; fallback: number; min: number; max: number },
  problems: string[],
): number {
  const text = env[setting.name]
  if (text === undefined || text === '') return setting.fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= setting.min && value <= setting.max) return value
  problems.push(`${setting.name} is "${text}": it takes a whole number from ${setting.min} to ${setting.max}`)
  return setting.fallback
}

/** A duration above zero in Go's syntax, in seconds. What is wrong is added to `problems`. */
export function readSeconds(env: Env, name: string, fallback: string, problems: string[]): number {
  const text = env[name] ?? fallback
  try {
    const seconds = parseGoDuration(text) / 1000
    if (seconds > 0) return seconds
    problems.push(`${name} is "${text}": it takes a duration above zero`)
  } catch (thrown) {
    if (!(thrown instanceof GoDurationError)) throw thrown
    problems.push(`${name} is "${text}": it takes a duration such as 10m or 1h30m`)
  }
  return parseGoDuration(fallback) / 1000
}

/** One of the options; the fallback where none is given. What is wrong is added to `problems`. */
export function readChoice<T extends string>(
  env: Env,
  { name, options, fallback }: { name: string; options: readonly T[]; fallback: T },
  problems: string[],
): T {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const chosen = options.find((option) => option === text)
  if (chosen !== undefined) return chosen
  problems.push(`${name} is "${text}": it takes one of ${options.join(', ')}`)
  return fallback
}

/** The name of a namespace. What is wrong is added to `problems`. */
export function readName(env: Env, name: string, fallback: string, problems: string[]): string {
  const text = env[name] ?? fallback
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text
  problems.push(`${name} is "${text}": it takes the name of a Kubernetes namespace`)
  return fallback
}

/** The name of a ConfigMap; empty where none is given. What is wrong is added to `problems`. */
export function readConfigMapName(env: Env, name: string, problems: string[]): string {
  const text = env[name] ?? ''
  if (text === '' || (text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text))) return text
  problems.push(`${name} is "${text}": it takes the name of a ConfigMap`)
  return ''
}

/** An address of http or https without credentials, without the slash at its end; empty where none is given. What is wrong is added to `problems`. */
export function readAddress(env: Env, name: string, problems: string[]): string {
  const text = env[name] ?? ''
  if (text === '') return ''
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isGood = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === ''
  if (isGood) return url.href.replace(/\/$/, '')
  problems.push(`${name}: it takes an address such as https://reports.example.com/velero, without a user and a query`)
  return ''
}
