#!/usr/bin/env node
// Runs the client, or with `drydock worker` a worker: in the package the JavaScript of `dist`, in a checkout the TypeScript as it
// is. It does so by a Node that can: the running one, or the one that npm installed with Drydock's checkout.
// Plain CommonJS without dependencies, so that an old Node can run this file.
'use strict'
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

/** What the package's `engines` say. */
const oldest = [22, 22]

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

function installedNode() {
  try {
    const name = process.platform === 'win32' ? 'node.exe' : 'node'
    const node = join(require.resolve('node/package.json'), '..', 'bin', name)
    return existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}

/** Runs this file by another Node, passes signals on and ends as that Node does. */
function runBy(node) {
  const child = spawn(node, [__filename, ...process.argv.slice(2)], { stdio: 'inherit' })
  const passOn = (signal) => child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, passOn)
  child.on('error', (error) => {
    console.error(`drydock: ${node} cannot be run: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, passOn)
    if (signal === null) process.exitCode = code
    else process.kill(process.pid, signal)
  })
}

async function run() {
  const isWorker =
    process.argv[2] === 'worker' && !process.argv.slice(3).some((word) => word === '--help' || word === '-h')
  const load = (source, built) =>
    import(pathToFileURL(isCheckout ? join(__dirname, source) : join(__dirname, '../../dist', built)).href)
  require('../../infra/code-cache.cjs').keepCompiledCode(process.env)
  if (isWorker) await load('../../worker/main.ts', 'worker-main.js')
  else await (await load('main.ts', 'cli.js')).main()
}

const isCheckout = existsSync(join(__dirname, 'main.ts'))
const needsAnother = isCheckout ? Number(process.versions.node.split('.')[0]) < 24 : !isNewEnough(process.versions.node)
const node = needsAnother ? installedNode() : undefined
if (node !== undefined) runBy(node)
else if (isNewEnough(process.versions.node)) void run()
else {
  console.error(`drydock needs Node ${oldest.join('.')} or newer, and this is Node ${process.versions.node}`)
  process.exitCode = 1
}
