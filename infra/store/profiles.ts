import { parse } from 'ini'

/** The settings of one profile, keys in lower case. */
export type Profile = ReadonlyMap<string, string>

/**
 * Reads the profiles of an AWS credentials or config file. The general INI parser takes `;`, `#` and `\` anywhere
 * in a value for comments and escapes, but they occur in secret keys: AWS begins a comment only after white space.
 */
export function parseProfiles(text: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Map<string, string>>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [section, settings] of Object.entries(parse(lines.map(protectLine).join('\n')))) {
    if (typeof settings !== 'object' || settings === null) continue
    const name = section.replace(/^profile\s+/, '').trim()
    const profile = profiles.get(name) ?? new Map<string, string>()
    profiles.set(name, profile)
    for (const [key, value] of Object.entries(settings)) {
      if (value !== true && value !== '') profile.set(key.toLowerCase(), String(value))
    }
  }
  return profiles
}

/** Escapes what the parser would take for more than a character. */
function protectLine(line: string): string {
  const header = /^\s*\[([^\]]*)\]/.exec(line)
  if (header !== null) return `[${(header[1] ?? '').trim().replaceAll('.', '\\.')}]`
  const equals = line.indexOf('=')
  if (equals < 0 || /^\s*[;#]/.test(line)) return ''
  const value = line
    .slice(equals + 1)
    .replace(/\s[;#].*$/, '')
    .replace(/[\\;#]/g, '\\$&')
  return `${line.slice(0, equals)}=${value}`
}
