import type { TemporalLink } from './connections.ts'

/** The page of a workflow in Temporal's Web UI, where `DRYDOCK_UI_URL` says at which address that is. */
export function uiLink(
  env: Readonly<Record<string, string | undefined>>,
  temporal: TemporalLink,
  workflowId: string,
): string | undefined {
  const base = env['DRYDOCK_UI_URL']
  if (base === undefined || base === '' || temporal.do === 'without') return undefined
  return `${base.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${encodeURIComponent(workflowId)}`
}
