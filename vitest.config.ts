import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/kit/longest-first.ts'

/** Tests of pure code run without any server; those of `test/e2e` share one stack, which the run starts and stops. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/fixtures/**'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/kit/global-setup.ts'],
          setupFiles: ['test/kit/clean-up.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
