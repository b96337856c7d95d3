import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultTemplate } from '../../core/notify/template.ts'
import { readConfig } from '../../worker/config.ts'
import { problemsOf } from './config-problems.ts'

const folder = mkdtempSync(join(tmpdir(), 'drydock-notify-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fileWith = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const url = 'https://hooks.example.com/T0/token?x=1'

describe('notifications', () => {
  it('are off where no address is set', () => {
    const { receiver, settings } = readConfig({ DRYDOCK_NOTIFY_ON: 'trouble', DRYDOCK_NOTIFY_SECRET: 'hush' })
    expect([receiver, settings.notify]).toEqual([undefined, undefined])
  })

  it('have defaults', () => {
    const { receiver, settings } = readConfig({ DRYDOCK_NOTIFY_URL: url })
    expect(receiver).toEqual({ url, secret: undefined })
    expect(settings.notify).toEqual({ on: 'all', seconds: 600, template: defaultTemplate })
  })

  it('take template and secret from files', () => {
    const { receiver, settings } = readConfig({
      DRYDOCK_NOTIFY_URL: url,
      DRYDOCK_NOTIFY_TEMPLATE: fileWith('template.json', '{"text": "{{name}}"}'),
      DRYDOCK_NOTIFY_SECRET_FILE: fileWith('secret', 'hush\n'),
      DRYDOCK_NOTIFY_ON: 'trouble',
      DRYDOCK_NOTIFY_TIMEOUT: '90s',
    })
    expect(receiver?.secret).toBe('hush')
    expect(settings.notify).toEqual({ on: 'trouble', seconds: 90, template: { text: '{{name}}' } })
  })

  it.each([
    ['template.json', '{"text": "{{nme}}"}', 'it names the placeholder {{nme}}, which is none of namespace,'],
    ['template.json', '{"text"', 'it is no JSON document: '],
  ])('with a template that does not parse let no worker start: %s %s', (name, text, sentence) => {
    const file = fileWith(name, text)
    expect(problemsOf({ DRYDOCK_NOTIFY_URL: url, DRYDOCK_NOTIFY_TEMPLATE: file })).toEqual([
      expect.stringContaining(`DRYDOCK_NOTIFY_TEMPLATE: the template ${file} cannot be used: ${sentence}`),
    ])
  })

  it.each([
    [
      { DRYDOCK_NOTIFY_TEMPLATE: '/nowhere/t.json' },
      'DRYDOCK_NOTIFY_TEMPLATE: the file /nowhere/t.json cannot be read: ENOENT',
    ],
    [
      { DRYDOCK_NOTIFY_SECRET_FILE: '/nowhere/s' },
      'DRYDOCK_NOTIFY_SECRET_FILE: the file /nowhere/s cannot be read: ENOENT',
    ],
    [{ DRYDOCK_NOTIFY_SECRET_FILE: fileWith('empty', '\n') }, 'is empty'],
    [{ DRYDOCK_NOTIFY_SECRET: 'a', DRYDOCK_NOTIFY_SECRET_FILE: fileWith('b', 'b') }, 'are both set: set one of them'],
    [{ DRYDOCK_NOTIFY_ON: 'never' }, 'DRYDOCK_NOTIFY_ON is "never": it takes one of all, trouble'],
    [{ DRYDOCK_NOTIFY_TIMEOUT: '0s' }, 'DRYDOCK_NOTIFY_TIMEOUT is "0s"'],
  ])('name what is wrong: %j', (env, sentence) => {
    expect(problemsOf({ DRYDOCK_NOTIFY_URL: url, ...env } as Record<string, string>)).toEqual([
      expect.stringContaining(sentence),
    ])
  })

  it.each(['ftp://x/token', 'hooks.example.com/token', 'https://me:token@hooks.example.com', ' '])(
    'take no address %j, and do not repeat it: it may hold a token',
    (text) => {
      const problems = problemsOf({ DRYDOCK_NOTIFY_URL: text })
      expect(problems).toEqual([expect.stringMatching(/^DRYDOCK_NOTIFY_URL: it takes an address such as/)])
      expect(problems.join()).not.toContain('token')
    },
  )
})
