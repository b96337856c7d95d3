import { defineConfig } from 'vitest/config'
import { mutateSource, mutationVariable } from './mutate-source.ts'
import { mutations } from './mutations.ts'

const mutation = mutations.find(({ name }) => name === process.env[mutationVariable])

/** Unit tests over a file with a rule switched off. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  plugins: [
    {
      name: 'a rule is switched off',
      enforce: 'pre',
      transform: (code: string, id: string) =>
        mutation !== undefined && id.endsWith(`/${mutation.file}`) ? mutateSource(code, mutation) : undefined,
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/kit/run/no-processes.ts', 'test/ports/deterministic.ts'],
    isolate: false,
    // It would give back the file as it was, or as another mutation has left it.
    fsModuleCache: false,
  },
})
