import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'

/** What Prometheus' own parser finds in the alerts and in the dashboard. */
export interface CheckedMonitoring {
  /** What it refuses, in its words. */
  faults: string[]
  /** How many rules there are. */
  rules: number
  expressions: {
    text: string
    /** The metrics that it asks for, each with the labels that it selects by. */
    selectors: { metric: string; labels: string[] }[]
    /** The labels that it groups by. */
    by: string[]
  }[]
}

const rulesFile = 'deploy/monitoring/rules.yaml'

/** The panels of the dashboard. */
export function dashboardPanels(): { title: string; targets: { expr: string }[] }[] {
  const dashboard = JSON.parse(readFileSync('deploy/monitoring/dashboard.json', 'utf8')) as {
    panels: ReturnType<typeof dashboardPanels>
  }
  return dashboard.panels
}

/** Has Prometheus' parser look at the alerts, the expressions of the dashboard, and these. Starts a process. */
export async function checkMonitoring(more: readonly string[] = []): Promise<CheckedMonitoring> {
  const checker = await obtainTool('check-rules', { report: console.error, signal: new AbortController().signal })
  const expressions = [...dashboardPanels().flatMap((one) => one.targets.map(({ expr }) => expr)), ...more]
  const said = execFileSync(checker, [rulesFile], { input: `${expressions.join('\n')}\n`, encoding: 'utf8' })
  return JSON.parse(said) as CheckedMonitoring
}
