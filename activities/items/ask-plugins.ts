import { mustIncludeAll } from '../../core/actions/run-plugins.ts'
import type { PluginReply } from '../../core/actions/run-plugins.ts'
import type { PluginAnswer } from '../../core/actions/plugin-action.ts'
import { error, itemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import type { ItemInput, ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import { PluginError } from '../../core/port-errors.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { itemPath } from '../../velero/resource.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { NotYet } from './item-tools.ts'
import type { PluginTools } from './item-tools.ts'
import type { ItemWork } from './item-work.ts'
import { prepareNow } from './standing-facts.ts'

/** A preparation that no plugin has to be asked for any more. */
export type Prepared = Exclude<Preparation, { do: 'ask' }>

/**
 * Prepares an item, and asks plugins where the core wants their answers. What an answer asks for besides (additional items, a
 * wait for them) is done before the next plugin is asked, as in Velero; messages about it are the item's. Throws `NotYet`
 * where additional items are not ready.
 */
export async function prepareAsking(input: ItemInput, rules: ItemRules, work: ItemWork): Promise<Prepared> {
  const { tools } = work
  const replies = new Map<string, PluginReply>()
  const told: Message[] = []
  for (;;) {
    const prepared = await prepareNow({ ...input, replies }, rules, tools)
    if (prepared.do !== 'ask') return withMessages(told, prepared)
    if (tools.plugins === undefined) throw new Error('a plugin is to be asked where there is none')
    const asking: Asking = { ...prepared, input, work, plugins: tools.plugins }
    const reply = await ask(asking)
    if (!('failed' in reply) && !reply.skip) told.push(...(await bringAdditional(reply, asking)))
    replies.set(prepared.action, reply)
  }
}

/** A preparation with messages from before it. */
export function withMessages(told: readonly Message[], prepared: Prepared): Prepared {
  return prepared.do === 'omit' ? prepared : { ...prepared, messages: [...told, ...prepared.messages] }
}

/** A question to a plugin about an item. */
interface Asking {
  action: string
  item: Manifest
  input: ItemInput
  work: ItemWork
  plugins: PluginTools
}

/**
 * Asks a plugin. An answer on which something depends outside of this attempt, an operation or a wait, is settled in the journal:
 * a later attempt takes it, and does not ask again. Other answers change the item only, and asking again does no harm.
 */
async function ask(asking: Asking): Promise<PluginReply> {
  const { action, item, input, work, plugins } = asking
  const key = keyOf(asking)
  const settled = await plugins.settled(key)
  if (settled !== undefined) return settled
  const { attempt } = work.tools
  try {
    const question = { item, itemFromBackup: input.item, restore: plugins.restore }
    const answer = await plugins.host.execute(action, question, attempt.signal)
    return answer.operationId === '' && !answer.waits ? answer : await plugins.settle(key, answer)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return { failed: thrown.message }
  }
}

const keyOf = ({ work, action }: Asking) => sha256Hex(JSON.stringify([itemKey(work.address), action])).slice(0, 40)

/** Restores the items that an answer asks for, and waits until they are ready. Trouble with that does not keep the item. */
async function bringAdditional(answer: PluginAnswer, asking: Asking): Promise<Message[]> {
  const { work, plugins } = asking
  const messages: Message[] = []
  const standing: ItemAddress[] = []
  const chain = [...plugins.chain, itemKey(work.address)]
  const tools = { ...work.tools, plugins: { ...plugins, chain } }
  for (const wanted of answer.additionalItems) {
    const brought = await plugins.bring(wanted, mustIncludeAll(answer), tools)
    if (brought === 'missing') {
      const text = `stat ${itemPath(wanted.groupResource, wanted)}: no such file or directory`
      messages.push(warning(scopeOf(wanted.namespace), text))
    } else if (brought === 'stands') standing.push(wanted)
  }
  const problem = answer.waits ? await whyNotReady(standing, answer, asking) : undefined
  return problem === undefined ? messages : [...messages, error(scopeOf(work.item.target), problem)]
}

/** The pauses between the questions of one look. */
const pausesMs: readonly number[] = [200, 400, 800]

async function whyNotReady(
  items: readonly ItemAddress[],
  { readySeconds }: PluginAnswer,
  asking: Asking,
): Promise<string | undefined> {
  const { action, work, plugins } = asking
  const { tools } = work
  const seconds = readySeconds > 0 ? readySeconds : tools.resourceTimeoutSeconds
  for (let asked = 0; ; asked++) {
    try {
      const question = { items, restore: plugins.restore }
      if (await plugins.host.areItemsReady(action, question, tools.attempt.signal)) return undefined
    } catch (thrown) {
      if (!(thrown instanceof PluginError)) throw thrown
      return `error verifying additional items are ready to use: ${thrown.message}`
    }
    const pauseMs = pausesMs[asked]
    if (pauseMs === undefined) {
      const deadline = (await tools.waitSince(`additional/${keyOf(asking)}`)) + seconds * 1000
      if (tools.clock.now().getTime() >= deadline) return `additional items for ${work.id} are not ready to use`
      throw new NotYet(`the additional items of ${work.id} to be ready, as plugin ${action} says`)
    }
    await tools.clock.sleep(pauseMs, tools.attempt.signal)
  }
}
