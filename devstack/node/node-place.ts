import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Home } from '../home.ts'
import type { NodePlace } from '../stack-types.ts'
import { mustProgram } from './node-requirements.ts'

const run = promisify(execFile)

const prefix = 'drydock'
const nets = { from: 79, to: 250 }
const cgroups = '/sys/fs/cgroup'
const cpuset = join(cgroups, 'cpuset')

/** Takes a place that no other node has, and notes it in the home: `stopStack` gives it back. */
export async function takeNodePlace(home: Home): Promise<NodePlace> {
  await sweepNodes()
  for (let number = nets.from; number <= nets.to; number++) {
    const place = placeAt(number)
    if (isTaken(place) || !(await addBridge(place, home.dir))) continue
    if (claimCgroup(place)) {
      home.state.node = place
      home.save()
      return place
    }
    await ip('link', 'del', place.name)
  }
  throw new Error('no network is free for a node')
}

function placeAt(number: number): NodePlace {
  const net = `10.${number}`
  return {
    name: `${prefix}${number}`,
    net,
    gateway: `${net}.0.1`,
    apiAddress: `${net}.1.1`,
    token: randomBytes(16).toString('hex'),
  }
}

function isTaken({ net }: NodePlace): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
  return addresses.some(({ address }) => address.startsWith(`${net}.`))
}

/**
 * False where another node has it: one in another network namespace, whose bridge cannot be seen from here, has its cgroups in the same
 * folders.
 */
function claimCgroup({ name }: NodePlace): boolean {
  try {
    mkdirSync(join(cpuset, name))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** False where another process has taken the name in this moment. */
async function addBridge({ name, net, gateway, apiAddress }: NodePlace, owner: string): Promise<boolean> {
  const [first = 0, second = 0] = net.split('.').map(Number)
  // An address of its own: a bridge without one takes the lowest of its ports', which changes as pods come and go, and connections of
  // the other pods hang for 45 s.
  const mac = ['0a', '58', hex(first), hex(second), '00', '01'].join(':')
  try {
    await ip('link', 'add', name, 'address', mac, 'type', 'bridge')
  } catch (error) {
    if (String(error).includes('File exists')) return false
    throw error
  }
  // Whose it is: what a killed run has left is found by that.
  await ip('link', 'set', name, 'alias', owner)
  await ip('addr', 'add', `${gateway}/24`, 'dev', name)
  await ip('addr', 'add', `${apiAddress}/32`, 'dev', name)
  await ip('link', 'set', name, 'up')
  return true
}

/**
 * Makes one in each hierarchy; below it everything is as kubelet makes it. What a node that was stopped has left there is removed, as by
 * a machine that starts: kubelet would wait for containers that it finds there for good. A group without processors and memory would
 * take no process.
 */
export async function makeCgroups(place: Pick<NodePlace, 'name'>): Promise<void> {
  await removeCgroups(place)
  const { name } = place
  for (const folder of hierarchies()) mkdirSync(join(folder, name), { recursive: true })
  for (const file of ['cpuset.cpus', 'cpuset.mems'])
    writeFileSync(join(cpuset, name, file), readFileSync(join(cpuset, file)))
}

/** Gives a place back, once no process of the node is left. */
export async function removeNodePlace(place: Pick<NodePlace, 'name'>): Promise<void> {
  await removeCgroups(place)
  if (existsSync(join(links, place.name))) await ip('link', 'del', place.name)
}

async function removeCgroups(place: Pick<NodePlace, 'name'>): Promise<void> {
  const deadline = Date.now() + endSecondsMax * 1000
  for (const folder of hierarchies().map((one) => join(one, place.name)))
    while (!removeCgroup(folder)) {
      if (Date.now() > deadline) throw new Error(`processes of the node ${place.name} do not end: see ${folder}`)
      await sleep(50)
    }
}

/** Gives back the places of nodes whose folder is gone: they were killed with the run that had started them. */
export async function sweepNodes(): Promise<void> {
  if (!existsSync(links)) return
  for (const name of readdirSync(links).filter((one) => one.startsWith(prefix))) {
    const owner = readAlias(name)
    if (owner !== '' && !existsSync(owner)) await removeNodePlace({ name })
  }
}

const links = '/sys/class/net'
const endSecondsMax = 20

function readAlias(name: string): string {
  try {
    return readFileSync(join(links, name, 'ifalias'), 'utf8').trim()
  } catch {
    return ''
  }
}

function hierarchies(): string[] {
  return readdirSync(cgroups, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(cgroups, entry.name))
}

/** False while a process is in it, or in a group below it. */
function removeCgroup(folder: string): boolean {
  if (!existsSync(folder)) return true
  try {
    for (const inner of readdirSync(folder, { withFileTypes: true }))
      if (inner.isDirectory() && !removeCgroup(join(folder, inner.name))) return false
    rmdirSync(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EBUSY' || code === 'ENOENT') return code === 'ENOENT'
    throw error
  }
}

const ip = (...args: string[]): Promise<unknown> => run(mustProgram('ip'), args)
const hex = (number: number): string => number.toString(16).padStart(2, '0')
