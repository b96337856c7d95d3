import { compareQuantities, isQuantity } from '../values/quantity.ts'

const defaults: HelperResources = {
  cpu: { request: '100m', limit: '100m' },
  memory: { request: '128Mi', limit: '128Mi' },
}

/**
 * Requests and limits of the container that waits for files. `0` means without bound. If one of the four values cannot be
 * read, or a request exceeds its limit, all four are the defaults: a restore is not lost over a typing mistake.
 */
export function restoreHelperResources(config: Record<string, string>): Record<string, Record<string, string>> {
  const wanted: HelperResources = {
    cpu: pair(config['cpuRequest'], config['cpuLimit'], defaults.cpu),
    memory: pair(config['memRequest'], config['memLimit'], defaults.memory),
  }
  const { cpu, memory } = isValid(wanted.cpu) && isValid(wanted.memory) ? wanted : defaults
  const requests = bounded({ cpu: cpu.request, memory: memory.request })
  const limits = bounded({ cpu: cpu.limit, memory: memory.limit })
  return {
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  }
}

interface HelperResources {
  cpu: Bounds
  memory: Bounds
}

interface Bounds {
  request: string
  limit: string
}

/** Only a plain `0` is without bound: Velero compares what it parsed, unit included. */
const unbounded = '0'

function pair(request: string | undefined, limit: string | undefined, or: Bounds): Bounds {
  return { request: request || or.request, limit: limit || or.limit }
}

function isValid({ request, limit }: Bounds): boolean {
  if (!isQuantity(request) || !isQuantity(limit)) return false
  return limit === unbounded || compareQuantities(request, limit) <= 0
}

function bounded(quantities: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(quantities).filter(([, quantity]) => quantity !== unbounded))
}
