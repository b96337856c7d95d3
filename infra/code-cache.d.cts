/**
 * A folder for code that is made once and loaded at each start: `drydock/NAME` in `XDG_CACHE_HOME` or `~/.cache`. Undefined where
 * it cannot be made, or where another user could write to it: code from there would run as this user.
 */
export function codeCacheFolder(
  name: 'compiled' | 'workflows',
  env: Readonly<Record<string, string | undefined>>,
): string | undefined

/**
 * Keeps what Node makes of each module that is loaded from now on (TypeScript without its types, V8's byte code) for the next
 * start. Without a folder for it, every start makes it anew. `NODE_COMPILE_CACHE` names another folder, and
 * `NODE_DISABLE_COMPILE_CACHE` turns it off, as in every program on Node.
 */
export function keepCompiledCode(env: Record<string, string | undefined>): void
