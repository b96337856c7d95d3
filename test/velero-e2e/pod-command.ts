/** A volume of a pod: where it is mounted, and the folder that stands in for it. */
export interface Mount {
  path: string
  folder: string
}

/** What `kubectl exec` is asked for. */
export interface Exec {
  namespace: string
  pod: string
  command: string[]
}

/** Reads `exec -n NAMESPACE -c CONTAINER POD -- COMMAND…`, in any order before the `--`. */
export function parseExec(args: readonly string[]): Exec {
  const end = args.indexOf('--')
  const before = args.slice(1, end)
  const exec: Exec = { namespace: 'default', pod: '', command: args.slice(end + 1) }
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? ''
    if (word === '-n') exec.namespace = before[++at] ?? ''
    else if (word === '-c') at++
    else exec.pod = word
  }
  return exec
}

/**
 * The command with each path on a volume replaced by its folder. A path may lack its first slash: a container begins in `/`.
 * Undefined where no path is on a volume: such a command would work on this machine's own files.
 */
export function inFolders(command: readonly string[], mounts: readonly Mount[]): string[] | undefined {
  let isOnVolume = false
  const words = command.map((word) =>
    mounts.reduce(
      (text, { path, folder }) =>
        text.replaceAll(new RegExp(`(^|[\\s=])/?${RegExp.escape(path.slice(1))}/`, 'g'), (_match, before: string) => {
          isOnVolume = true
          return `${before}${folder}/`
        }),
      word,
    ),
  )
  return isOnVolume ? words : undefined
}
