import { describe, expect, it } from 'vitest'
import { planPlugin, pluginRule, runPlugins } from '../../../core/actions/run-plugins.ts'
import type { PluginReply, PluginRule } from '../../../core/actions/run-plugins.ts'
import type { PluginSelector } from '../../../core/actions/plugin-action.ts'
import { anObject } from '../items/builders.ts'

const everything: PluginSelector = {
  includedNamespaces: [],
  excludedNamespaces: [],
  includedResources: [],
  excludedResources: [],
  labels: '',
}

function ruleWith(selector: Partial<PluginSelector>, name = 'p/1'): PluginRule {
  const planned = planPlugin({ name, version: 1 }, { ...everything, ...selector }, (word) =>
    word === 'cm' ? 'configmaps' : undefined,
  )
  if ('error' in planned) throw new Error(planned.error)
  return pluginRule(planned)
}

const reply = (item: unknown, more: Partial<Exclude<PluginReply, { failed: string }>> = {}): PluginReply => ({
  item,
  skip: false,
  operationId: '',
  additionalItems: [],
  waits: false,
  readySeconds: 0,
  ...more,
})

describe('an action of a plugin', () => {
  it('applies by resource and by the namespace into which an item is restored', () => {
    const rule = ruleWith({ includedResources: ['cm'], includedNamespaces: ['shop'] })
    expect(rule.appliesTo('configmaps', 'shop')).toBe(true)
    expect(rule.appliesTo('secrets', 'shop')).toBe(false)
    expect(rule.appliesTo('configmaps', 'other')).toBe(false)
    expect(ruleWith({}).appliesTo('nodes', undefined)).toBe(true)
    expect(ruleWith({ excludedNamespaces: ['x'] }).appliesTo('nodes', undefined)).toBe(false)
  })

  it('has an error where its selector of labels cannot be read', () => {
    expect(planPlugin({ name: 'p/1', version: 1 }, { ...everything, labels: 'a in' }, () => undefined)).toEqual({
      error: 'unable to parse requirement: "a in"',
    })
  })
})

describe('an item on its way through the actions of plugins', () => {
  const start = anObject('ConfigMap', 'a', { namespace: 'shop' })
  const rules = [ruleWith({}, 'p/1'), ruleWith({ labels: 'mark' }, 'p/2')]
  const run = (replies: [string, PluginReply][]) =>
    runPlugins(start, { groupResource: 'configmaps', targetNamespace: 'shop', replies: new Map(replies) }, rules)

  it('asks one after the other, each with what the one before has made of it', () => {
    expect(run([])).toEqual({ do: 'ask', action: 'p/1', item: start })
    const marked = { ...start, metadata: { ...start.metadata, labels: { mark: '' } } }
    expect(run([['p/1', reply(marked, { operationId: 'o' })]])).toEqual({ do: 'ask', action: 'p/2', item: marked })
    expect(run([['p/1', reply(start, { operationId: 'o' })]])).toEqual({
      do: 'go',
      item: start,
      operations: [{ action: 'p/1', operationId: 'o' }],
    })
  })

  it('ends where one skips it or fails', () => {
    expect(run([['p/1', reply(null, { skip: true })]])).toEqual({ do: 'skip', by: 'p/1', operations: [] })
    expect(run([['p/1', { failed: 'no' }]])).toEqual({ do: 'fail', text: 'no' })
  })

  it.each([
    [null, 'an item that is no JSON object'],
    [{ ...start, kind: '' }, 'an object without a kind'],
    [{ ...start, apiVersion: 7 }, 'an object without an apiVersion'],
    [{ ...start, metadata: {} }, 'an object without a name'],
  ])('fails where the answer is %j', (item, what) => {
    expect(run([['p/1', reply(item)]])).toEqual({ do: 'fail', text: `plugin p/1 has answered Execute with ${what}` })
  })
})
