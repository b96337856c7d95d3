import { describe, expect, it, test } from 'vitest'
import { errorsOf } from './admission.ts'

describe('hooks', () => {
  const container = { name: 'c', image: 'i', command: ['x'] }
  const hook = (...initContainers: unknown[]) => ({
    name: 'h',
    postHooks: [{ init: { initContainers } }, { exec: { command: ['x'] } }],
  })
  const missing = `invalid init container in restore hook "h": invalid InitContainer in restore hook, it doesn't have Command, Name or Image field`
  const fault = (text: string) => `invalid init container in restore hook "h": ${text}`

  test.each<[unknown, string[]]>([
    [container, []],
    [{ Name: 'c', IMAGE: 'i', command: [null] }, []],
    [{ ...container, command: [] }, [missing]],
    [{ ...container, name: '' }, [missing]],
    [{}, [missing]],
    [null, [missing]],
    ['text', [fault('expected an object, found text')]],
    [[], [fault('expected an object, found a list')]],
    [{ ...container, name: 1 }, [fault('name: expected text, found a number')]],
    [{ ...container, command: 'x' }, [fault('command: expected a list, found text')]],
    [{ ...container, command: [1] }, [fault('command[0]: expected text, found a number')]],
    [{ ...container, args: true }, [fault('args: expected a list, found a boolean')]],
  ])('an init container %j gives %j', (initContainer, errors) => {
    expect(errorsOf({ hooks: { resources: [hook(initContainer)] } })).toEqual(errors)
  })

  it('are all looked at', () => {
    expect(errorsOf({ hooks: { resources: [hook({}, container, {}), hook({})] } })).toEqual([missing, missing, missing])
  })

  it('with an invalid selector hide everything else about hooks, but do not end the validation', () => {
    const selector = { matchExpressions: [{ key: 'a', operator: 'Bad' }] }
    const resources = [hook({}), { ...hook({}), labelSelector: selector }]
    expect(errorsOf({ hooks: { resources }, existingResourcePolicy: 'x' })).toEqual([
      'invalid restore hooks: "Bad" is not a valid label selector operator',
      'Invalid ExistingResourcePolicy: x',
    ])
  })
})
