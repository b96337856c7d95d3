import { readFileSync } from 'node:fs'
import { defaultTemplate, parseTemplate } from '../../core/notify/template.ts'
import type { Template } from '../../core/notify/template.ts'
import type { Settings } from '../../activities/settings.ts'
import { readChoice, readSeconds } from './read-values.ts'
import type { Env } from './read-values.ts'

/** Where notifications go. Neither part is ever logged: an address may hold a token. */
export interface NotifyReceiver {
  url: string
  /** What they are signed with; undefined: they are not signed. */
  secret: string | undefined
}

/**
 * Reads how the end of a restore is notified; nothing where no address is set. A template that does not parse, or a file that cannot be
 * read, is added to `problems`, whether there is an address or not.
 */
export function readNotify(
  env: Env,
  problems: string[],
): { notify: Settings['notify']; receiver: NotifyReceiver | undefined } {
  const url = readUrl(env, problems)
  const secret = readSecret(env, problems)
  const template = readTemplate(env, problems)
  const options = ['all', 'trouble'] as const
  const on = readChoice(env, { name: 'DRYDOCK_NOTIFY_ON', options, fallback: 'all' }, problems)
  const seconds = readSeconds(env, 'DRYDOCK_NOTIFY_TIMEOUT', '10m', problems)
  if (url === undefined) return { notify: undefined, receiver: undefined }
  return { notify: { on, seconds, template }, receiver: { url, secret } }
}

function readUrl(env: Env, problems: string[]): string | undefined {
  const text = env['DRYDOCK_NOTIFY_URL'] ?? ''
  if (text === '') return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href
  problems.push('DRYDOCK_NOTIFY_URL: it takes an address such as https://hooks.example.com/drydock, without a user')
  return undefined
}

function readSecret(env: Env, problems: string[]): string | undefined {
  const text = env['DRYDOCK_NOTIFY_SECRET'] ?? ''
  const file = env['DRYDOCK_NOTIFY_SECRET_FILE'] ?? ''
  if (text !== '' && file !== '')
    problems.push('DRYDOCK_NOTIFY_SECRET and DRYDOCK_NOTIFY_SECRET_FILE are both set: set one of them')
  if (file === '') return text === '' ? undefined : text
  const found = readText('DRYDOCK_NOTIFY_SECRET_FILE', file, problems)?.trim()
  if (found === '') problems.push(`DRYDOCK_NOTIFY_SECRET_FILE: the file ${file} is empty`)
  return found
}

function readTemplate(env: Env, problems: string[]): Template {
  const name = 'DRYDOCK_NOTIFY_TEMPLATE'
  const file = env[name] ?? ''
  const text = file === '' ? undefined : readText(name, file, problems)
  if (text === undefined) return defaultTemplate
  const parsed = parseTemplate(text)
  if ('template' in parsed) return parsed.template
  problems.push(`${name}: the template ${file} cannot be used: ${parsed.error}`)
  return defaultTemplate
}

function readText(name: string, file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    problems.push(
      `${name}: the file ${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    )
    return undefined
  }
}
