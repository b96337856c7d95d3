import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

/** What came of a run, as `.ci/run` judges it. */
export interface RunReport {
  passed: number
  failed: number
  /** The failed tests, with the first line of their first error. The name of a test is `<suites> > <test>`. */
  failures: { file: string; test: string; error: string }[]
  skipped: { file: string; test: string }[]
  /** Errors that belong to no test. */
  unhandled: number
  /** Files that could not be loaded, or whose hooks outside of any suite failed. */
  brokenFiles: string[]
  files: { file: string; seconds: number }[]
}

const errorCharactersMax = 300

/** Writes the report of a run to the file that `DRYDOCK_TEST_REPORT` names. */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const path = process.env['DRYDOCK_TEST_REPORT']
    if (path !== undefined) writeFileSync(path, JSON.stringify(reportOf(modules, unhandled.length)))
  }
}

function reportOf(modules: readonly TestModule[], unhandled: number): RunReport {
  const tests = modules.flatMap((module) =>
    [...module.children.allTests()].map((test) => ({
      file: fileOf(module),
      test: test.fullName,
      state: test.result().state,
      error: firstLine(test.result().errors?.[0]?.message),
    })),
  )
  const hooks = modules.flatMap(failedHooks)
  const failed = tests.filter(({ state }) => state === 'failed')
  const isOfHook = (file: string, test: string): boolean =>
    hooks.some((hook) => hook.file === file && test.startsWith(`${hook.suite} > `))
  return {
    passed: tests.filter(({ state }) => state === 'passed').length,
    failed: failed.length + hooks.length,
    failures: [
      ...failed.map(({ file, test, error }) => ({ file, test, error })),
      ...hooks.map(({ file, suite, error }) => ({ file, test: `${suite} > a hook`, error })),
    ],
    skipped: tests
      .filter(({ state }) => state === 'skipped' || state === 'pending')
      .filter(({ file, test }) => !isOfHook(file, test))
      .map(({ file, test }) => ({ file, test })),
    unhandled,
    brokenFiles: modules.filter((module) => module.errors().length > 0).map(fileOf),
    files: modules.map((module) => ({ file: fileOf(module), seconds: module.diagnostic().duration / 1000 })),
  }
}

/** Vitest calls the tests of a suite skipped where a hook of it failed: nobody wanted that, so the hook counts as a test that failed. */
function failedHooks(module: TestModule): { file: string; suite: string; error: string }[] {
  return [...module.children.allSuites()].filter(hasFailed).map((suite) => ({
    file: fileOf(module),
    suite: suite.fullName,
    error: firstLine(suite.errors()[0]?.message),
  }))
}

const hasFailed = (suite: TestSuite): boolean => suite.errors().length > 0
const firstLine = (message = ''): string => (message.split('\n', 1)[0] ?? '').slice(0, errorCharactersMax)
const fileOf = (module: TestModule): string => relative(process.cwd(), module.moduleId)
