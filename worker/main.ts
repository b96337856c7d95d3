import { setFlagsFromString } from 'node:v8'
import { keepCompiledCode } from '../infra/code-cache.cjs'

// One thread collects young objects. Several threads spend more time on looking for work than they save: a tenth of the worker's CPU.
setFlagsFromString('--no-parallel-scavenge')
// V8 would let garbage grow to several times what is in use before it collects old objects.
setFlagsFromString('--heap-growing-percent=40')
// Before all others: it holds for what is loaded after it.
keepCompiledCode(process.env)
const { runProcess } = await import('./worker-process.ts')

// Exits explicitly: open connections of a start that failed would keep the process alive.
process.exit(await runProcess())
