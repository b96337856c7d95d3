import { fileURLToPath } from 'node:url'

/** A path under test/fixtures. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../test/fixtures/${name}`, import.meta.url))
}
