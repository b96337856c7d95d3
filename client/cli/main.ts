import { processIo } from './io.ts'
import { runProgram } from './program.ts'

/** A reader that has seen enough (`drydock list | head -1`) is no error, and there is nobody left to tell. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

process.exitCode = await runProgram(process.argv.slice(2), processIo())
