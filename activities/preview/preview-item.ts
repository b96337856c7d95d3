import type { Finding, Outcome } from '../../core/items/outcome.ts'
import type { WouldMake } from '../../core/preview/why-unasked.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import type { ItemTools } from '../items/item-tools.ts'
import type { ItemStep, NamespaceStep } from '../items/item-work.ts'
import { dryRunCluster } from './dry-run-cluster.ts'

/** Sends an item with the tools that it is given. */
type Send<Step> = (tools: ItemTools) => Promise<Step>

/**
 * Sends an item by dry runs. The outcome holds what was found out, and nothing on which a later step could act: no object, no
 * operation, no volume, no hook. A change of an object is tried at once: nothing is journalled before it, since nothing is
 * changed.
 */
export async function previewItem(tools: ItemTools, preview: WouldMake, send: Send<ItemStep>): Promise<ItemStep> {
  const finding: Finding = {}
  const step = await send({ ...tools, cluster: dryRunCluster(tools.cluster, preview, finding) })
  const settled = 'intent' in step ? await step.intent.apply() : step
  if ('done' in settled) return { done: previewed(settled.done, finding) }
  const outcome = previewed(settled.trouble.outcome, finding)
  // What is missing is told, not waited for: nothing comes while a preview is made.
  return settled.trouble.kind === 'missing' ? { done: outcome } : { trouble: { ...settled.trouble, outcome } }
}

/** Ensures a target namespace; in a preview by dry runs, like {@link previewItem}. One that is being deleted is told, not waited for. */
export async function ensureOrPreview(
  item: PlannedItem,
  tools: ItemTools,
  ensure: Send<NamespaceStep>,
): Promise<NamespaceStep> {
  if (tools.preview === undefined) return ensure(tools)
  const finding: Finding = {}
  const step = await ensure({ ...tools, cluster: dryRunCluster(tools.cluster, tools.preview, finding) })
  if ('done' in step) return { done: previewed(step.done, finding) }
  if ('trouble' in step) return { trouble: { ...step.trouble, outcome: previewed(step.trouble.outcome, finding) } }
  const dependsOn = `the end of namespace ${step.terminating}, which is being deleted`
  const listed = { kind: 'v1/Namespace', name: step.terminating }
  const key = plannedKey('namespaces', item)
  return { done: { key, action: 'created', listed, messages: [], finding: { dependsOn }, at: tools.now() } }
}

/** The parts of an outcome that say what would happen, and none that say what to do next. */
function previewed(outcome: Outcome, finding: Finding): Outcome {
  const { object: _o, operation: _p, pluginOperations: _q, podVolumes: _v, parked: _k, ...kept } = outcome
  const { version: _r, contents: _c, namespaceUid: _n, ...told } = kept
  return Object.keys(finding).length === 0 ? told : { ...told, finding }
}
