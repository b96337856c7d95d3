import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { obtainTool } from './tools/obtain-tool.ts'

const run = promisify(execFile)

/** The chart, the one source of the manifests in `deploy/`. */
export const chartDir = fileURLToPath(new URL('../deploy/chart', import.meta.url))

/** The files in `deploy/`, each with the template that it is rendered from. */
const manifests = ['rbac.yaml', 'worker.yaml', 'network-policy.yaml']

const note = '# Made of deploy/chart by `npm run manifests`: change the chart instead.\n'

/** Renders the plain manifests, for those who do not use Helm: the chart with its defaults, and its NetworkPolicy. */
export async function renderManifests(helm: string): Promise<Map<string, string>> {
  const config = await resolveConfig(join(chartDir, 'values.yaml'))
  const rendered = manifests.map(async (file): Promise<[string, string]> => {
    const options = ['--namespace', 'velero', '--set', 'networkPolicy.enabled=true']
    const { stdout } = await run(helm, ['template', 'drydock', chartDir, ...options, '-s', `templates/${file}`])
    const text = stdout.replace(/^# Source: .*\n/gm, '').replace(/^---\n/, '')
    return [file, await format(note + text, { ...config, parser: 'yaml' })]
  })
  return new Map(await Promise.all(rendered))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const helm = await obtainTool('helm', { report: console.log, signal: AbortSignal.timeout(15 * 60_000) })
  for (const [file, text] of await renderManifests(helm)) await writeFile(join(chartDir, '..', file), text)
}
