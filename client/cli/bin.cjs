#!/usr/bin/env node
// Runs the client, which is TypeScript, by a Node that can: the running one, or the one that npm installed with Drydock.
// Plain CommonJS without dependencies, so that an old Node can run this file.
'use strict'
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
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

const node = Number(process.versions.node.split('.')[0]) >= 24 ? undefined : installedNode()
if (node !== undefined) runBy(node)
else if (runsTypeScript(process.versions.node))
  void import(pathToFileURL(join(__dirname, 'main.ts')).href).then(({ main }) => main())
else {
  console.error(
    `drydock needs Node 22.18 or newer. This is ${process.versions.node}, and the package has brought none (npm install does)`,
  )
  process.exitCode = 1
}
