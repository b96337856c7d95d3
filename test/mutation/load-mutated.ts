import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { mutateSource, mutationVariable } from './mutate-source.ts'
import { mutations } from './mutations.ts'

/*
 * Loaded before all else by the simulations of `npm run mutation`: has one file load with a rule switched off.
 */

const mutation = mutations.find(({ name }) => name === process.env[mutationVariable])
if (mutation === undefined) throw new Error(`there is no mutation ${process.env[mutationVariable]}`)
const url = new URL(`../../${mutation.file}`, import.meta.url).href
registerHooks({
  load: (wanted, context, next) =>
    wanted === url
      ? {
          format: 'module-typescript',
          source: mutateSource(readFileSync(fileURLToPath(url), 'utf8'), mutation),
          shortCircuit: true,
        }
      : next(wanted, context),
})
