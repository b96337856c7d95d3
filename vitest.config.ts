import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/kit/run/longest-first.ts'

const nodeMin = 24
if (Number.parseInt(process.versions.node, 10) < nodeMin)
  throw new Error(
    `the tests need Node ${nodeMin}, which npm ci has brought, and this is Node ${process.versions.node}: ` +
      'run them by npm test, npm run test:unit or npx vitest',
  )

const minutes = 60_000
const servers = 'test/**/*.servers.test.ts'
const e2e = 'test/e2e/**/*.test.ts'
const fixtures = 'test/fixtures/**'
const image = 'test/image/**/*.test.ts'
const node = 'test/node/**/*.test.ts'

// A slow machine leaves out what would begin too late, where `.ci/run` has set an end.
const runner = 'test/kit/ci/late-files.ts'

const sharedStack = {
  globalSetup: ['test/kit/run/clusters-setup.ts', 'test/kit/run/global-setup.ts'],
  setupFiles: ['test/kit/run/clean-up-file.ts'],
  // A look is a request to a server.
  expect: { poll: { interval: 300 } },
  testTimeout: 15 * minutes,
  hookTimeout: 15 * minutes,
}

/** A project that runs only where its name is among the arguments. */
function named(name: string, include: string) {
  return process.argv.includes(name) ? [{ test: { name, include: [include], ...sharedStack } }] : []
}

/**
 * Three projects. `unit` starts no process. `servers`: a file whose name ends in `.servers.test.ts` starts processes or real
 * servers of its own. `e2e`: the files of `test/e2e` share one stack, which the run starts and stops. Two more take
 * minutes and root, and run only where they are named: `image` builds a container image, and the tests of `node` run a real node.
 */
export default defineConfig({
  test: {
    // Many files wait for much of their time: with three at a time two processors stood still for a third of it. Eight took longer than six.
    maxWorkers: 6,
    maxConcurrency: 2,
    // What vite makes of a module is kept for the next run.
    fsModuleCache: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [e2e, servers, image, node, fixtures],
          // The second one has to come before whatever a file imports, since files share that.
          setupFiles: ['test/kit/run/no-processes.ts', 'test/ports/deterministic.ts'],
          // Files share what they import, which takes longer than most of them; none of them changes anything of another one.
          isolate: false,
          testTimeout: 4 * minutes,
          hookTimeout: 4 * minutes,
        },
      },
      {
        test: {
          name: 'servers',
          include: [servers],
          exclude: [e2e, fixtures],
          globalSetup: ['test/kit/run/clusters-setup.ts'],
          setupFiles: ['test/kit/run/clean-up-file.ts'],
          runner,
          // As in `unit`; what a file has started ends with the file, by its set-up.
          isolate: false,
          testTimeout: 10 * minutes,
          hookTimeout: 10 * minutes,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [e2e],
          ...sharedStack,
          runner,
          isolate: false,
        },
      },
      ...named('image', image),
      ...named('node', node),
    ],
  },
})
