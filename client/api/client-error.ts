import type { ExitCode } from '../cli/exit-codes.ts'

/** Trouble that a user can do something about: one line of text, and the exit code that says which kind it is. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.exitCode = exitCode
  }
}
