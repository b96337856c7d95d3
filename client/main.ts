import { main } from './cli/main.ts'

// The command line as a script: `node client/main.ts <command>`, with a Node that runs TypeScript.
await main()
