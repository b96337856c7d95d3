import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { stringify } from 'yaml'
import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'

/** What a tool, or the API server, answered. What differs in any two runs is taken out of the words: times and addresses. */
export interface Answer {
  /** The exit code of a tool; the HTTP status of a request, where that is a refusal, else 0. */
  code: number
  words: string
}

/** One cluster, as somebody works on it. */
export interface Hands {
  cluster: TestCluster
  kubectl: (...args: readonly string[]) => Promise<Answer>
  helm: (...args: readonly string[]) => Promise<Answer>
  /** A request of the administrator. A refusal is an answer too. */
  ask: (method: Method, path: string, body?: unknown, contentType?: string) => Promise<Answer>
}

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** So many tools run at a time, in all clusters together. */
const atOnce = pLimit(4)

/** kubectl and Helm for a cluster. What they keep goes into this folder; `kubectl edit` runs its editor `edit` on the file. */
export async function handsOn(cluster: TestCluster, dir: string): Promise<Hands> {
  const progress = { report: console.error, signal: new AbortController().signal }
  const programs = [await obtainTool('kubectl', progress), await obtainTool('helm', progress)] as const
  const home = join(dir, new URL(cluster.kubeUrl).port)
  mkdirSync(home)
  const editor = join(home, 'edit')
  writeFileSync(editor, `#!/bin/sh\nexec sed -i.bak -e 's/first/edited/' "$1"\n`)
  chmodSync(editor, 0o755)
  // What ends after a second or two needs little collection of garbage, and one thread.
  const thrifty = { GOGC: '400', GOMAXPROCS: '1' }
  const env = { ...thrifty, PATH: process.env['PATH'], HOME: home, KUBECONFIG: cluster.kubeconfig, KUBE_EDITOR: editor }
  const [kubectl, helm] = programs.map(
    (program) =>
      (...args: readonly string[]) =>
        atOnce(() => run(program, args, env, cluster)),
  )
  return {
    cluster,
    kubectl: kubectl!,
    helm: helm!,
    ask: async (method, path, body, contentType) => {
      const answer = await withAdmin(cluster, (admin) => admin.request(method, path, body, contentType))
      const { message = '' } = answer.body as { message?: string }
      return answer.status < 300 ? { code: 0, words: '' } : { code: answer.status, words: plain(message, cluster) }
    },
  }
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, cluster: TestCluster): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 170_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, words: plain(`${stdout}\n${stderr}`, cluster) })
    })
  })
}

function plain(words: string, { kubeUrl }: TestCluster): string {
  return words
    .replaceAll(kubeUrl, '<server>')
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})/g, '<time>')
    .replaceAll(/^LAST DEPLOYED: .*$/gm, 'LAST DEPLOYED: <time>')
}

/** Throws the words of a tool that was to succeed. */
export async function must(answer: Promise<Answer>): Promise<void> {
  const { code, words } = await answer
  if (code !== 0) throw new Error(`it ended with ${code}: ${words}`)
}

/** Writes manifests into one file, which kubectl reads. */
export function manifestFile(dir: string, name: string, manifests: readonly Manifest[]): string {
  const file = join(dir, `${name}.yaml`)
  writeFileSync(file, manifests.map((manifest) => stringify(manifest)).join('---\n'))
  return file
}
