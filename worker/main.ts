import { keepCompiledCode } from '../infra/code-cache.cjs'

// First of all: it holds for what is loaded after it.
keepCompiledCode(process.env)
const { runProcess } = await import('./worker-process.ts')

// Exits explicitly: open connections of a start that failed would keep the process alive.
process.exit(await runProcess())
