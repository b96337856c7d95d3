import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { inFolders, parseExec } from './pod-command.ts'
import type { Mount } from './pod-command.ts'

/*
 * pod-exec.ts KUBECTL VOLUMES exec …
 *
 * Nothing runs in kwok's pods, so what the suite does in them is done here: a volume is a folder below VOLUMES, named by the uid of
 * its PersistentVolume (one that is provisioned or restored anew is empty).
 */
const [kubectl = '', volumes = '', ...args] = process.argv.slice(2)
process.exitCode = main()

function main(): number {
  const asked = parseExec(args)
  if (asked.pod === 'jump-pad') return 0
  const command = inFolders(asked.command, mountsOf(asked.namespace, asked.pod))
  if (command === undefined) {
    console.error(`this stands in for \`kubectl exec\` and knows commands on volumes only: ${asked.command.join(' ')}`)
    return 1
  }
  return spawnSync(command[0] ?? '', command.slice(1), { stdio: 'inherit' }).status ?? 1
}

interface Pod {
  spec: {
    volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[]
    containers: { volumeMounts?: { name: string; mountPath: string }[] }[]
  }
}

/** Where the claims of a pod are mounted in its first container, each with the folder of its volume. */
function mountsOf(namespace: string, pod: string): Mount[] {
  const { spec } = read('pod', pod, namespace) as Pod
  const claims = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume.persistentVolumeClaim?.claimName]))
  return (spec.containers[0]?.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const claim = claims.get(name)
    if (claim === undefined) return []
    const bound = read('pvc', claim, namespace) as { spec: { volumeName: string } }
    const { metadata } = read('pv', bound.spec.volumeName) as { metadata: { uid: string } }
    // The path is part of the folder, so that a missing file is told of by its path in the pod.
    const folder = `${volumes}/${metadata.uid}${mountPath}`
    mkdirSync(folder, { recursive: true })
    return [{ path: mountPath, folder }]
  })
}

function read(kind: string, name: string, namespace = 'default'): unknown {
  const { stdout, stderr, status } = spawnSync(kubectl, ['get', kind, name, '-n', namespace, '-o', 'json'])
  if (status !== 0) throw new Error(`kubectl get ${kind} ${name}: ${stderr.toString()}`)
  return JSON.parse(stdout.toString())
}
