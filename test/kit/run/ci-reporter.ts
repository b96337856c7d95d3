import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** What came of a run, as `.ci/run` judges it. */
export interface RunReport {
  passed: number
  failed: number
  /** The failed tests, with the first line of their first error. The name of a test is `<suites> > <test>`. */
  failures: { file: string; test: string; error: string }[]
  skipped: { file: string; test: string }[]
  /** Errors that belong to no test. */
  unhandled: number
  /** Files that could not be loaded, or whose hooks failed. */
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
      error: (test.result().errors?.[0]?.message ?? '').split('\n', 1)[0] ?? '',
    })),
  )
  return {
    passed: tests.filter(({ state }) => state === 'passed').length,
    failed: tests.filter(({ state }) => state === 'failed').length,
    failures: tests
      .filter(({ state }) => state === 'failed')
      .map(({ file, test, error }) => ({ file, test, error: error.slice(0, errorCharactersMax) })),
    skipped: tests
      .filter(({ state }) => state === 'skipped' || state === 'pending')
      .map(({ file, test }) => ({ file, test })),
    unhandled,
    brokenFiles: modules.filter((module) => module.errors().length > 0).map(fileOf),
    files: modules.map((module) => ({ file: fileOf(module), seconds: module.diagnostic().duration / 1000 })),
  }
}

const fileOf = (module: TestModule): string => relative(process.cwd(), module.moduleId)
