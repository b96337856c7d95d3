import type { Mutation } from './mutations.ts'

/** The code of a file with the rule switched off. Throws where the text does not stand there exactly once: it has changed. */
export function mutateSource(code: string, { name, file, find, put }: Mutation): string {
  const parts = code.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places of mutation "${name}", not one`)
  return parts.join(put)
}

/** The variable that names the mutation of a process. No code of the product reads it. */
export const mutationVariable = 'DRYDOCK_TEST_MUTATION'
