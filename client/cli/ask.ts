import { createInterface } from 'node:readline/promises'
import { ClientError, exitCodes } from '../api/errors.ts'
import type { Io } from './command.ts'

/** A question that takes yes or no, and the error where nobody answers. */
export interface Question {
  question: string
  unanswered: string
}

/** Asks the user until the answer is yes or no. Throws a `ClientError` where nobody answers. */
export async function isAnsweredYes(io: Pick<Io, 'in' | 'err'>, { question, unanswered }: Question): Promise<boolean> {
  const lines = createInterface({ input: io.in })
  try {
    io.err.write(question)
    for await (const line of lines) {
      const answer = line.trim().toLowerCase()
      if (['y', 'yes'].includes(answer)) return true
      if (['n', 'no'].includes(answer)) return false
      io.err.write(question)
    }
  } finally {
    lines.close()
  }
  throw new ClientError(exitCodes.usage, unanswered)
}
