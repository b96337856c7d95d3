import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { tools } from '../../devstack/tools/tools.ts'
import { workloads } from '../workloads.ts'
import { pageText } from './page.ts'
import { plotWorkload } from './plot.ts'
import { readMeasurements } from './results-file.ts'
import { summarize } from './summary.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const plots = 'performance'

/** Writes the page about performance and the plots that it shows from the measurements of a folder. */
export async function writePage(results: string, titleOf: (contender: string) => string): Promise<void> {
  const measured = workloads
    .map((workload) => ({ ...workload, measurements: readMeasurements(results, workload.name) }))
    .filter(({ measurements }) => measurements.length > 0)
  mkdirSync(join(docs, plots), { recursive: true })
  for (const { name, title, measurements } of measured) {
    for (const theme of ['light', 'dark'] as const) {
      const svg = plotWorkload(summarize(measurements), { title, theme, titleOf })
      writeFileSync(join(docs, plots, `${name}-${theme}.svg`), svg)
    }
  }
  const text = pageText(measured, { titleOf, plots, versions: versionsText() })
  const page = join(docs, 'performance.md')
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }))
}

function versionsText(): string {
  const names = ['kube-apiserver', 'etcd', 'temporal', 'velero'] as const
  return [...names.map((name) => `${name} ${tools[name].version}`), `Node ${process.versions.node}`].join(', ')
}
