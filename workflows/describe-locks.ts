import type { Blocked, Locks } from '../core/locks/decide-grants.ts'

/** Rows that are shown; details are limited to 20,000 bytes. */
const rowsMax = 50

/** The locks in the Web UI, as Markdown: who holds which namespaces, and who waits for whom. */
export function describeLocks(blocked: readonly Blocked[], { holders }: Pick<Locks, 'holders'>): string {
  const held = holders.slice(0, rowsMax).map(({ restore, namespaces }) => `| ${restore} | ${names(namespaces)} |`)
  const line = blocked.slice(0, rowsMax).map(({ request, behind }) => `| ${request.restore} | ${behind} |`)
  const more = Math.max(0, holders.length - rowsMax) + Math.max(0, blocked.length - rowsMax)
  return [
    [`| restores | into |`, '|---|---|', ...held].join('\n'),
    ...(line.length === 0 ? [] : [['| waits | for |', '|---|---|', ...line].join('\n')]),
    ...(more === 0 ? [] : [`… and ${more} more`]),
  ].join('\n\n')
}

function names(namespaces: readonly string[]): string {
  const shown = namespaces.slice(0, 5).join(', ')
  return namespaces.length > 5 ? `${shown} and ${namespaces.length - 5} more` : shown
}
