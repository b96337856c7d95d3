/** Where the worker listens for health checks and Prometheus. */
export interface HttpAddress {
  host: string
  port: number
  /** Nobody asked for this very address. */
  isDefault: boolean
}

/** Near Velero's 8085, and seen by this machine alone: metrics tell names of schedules and kinds. */
export const defaultHttpAddress = '127.0.0.1:8086'

/** Reads `host:port`, `[::1]:port`, or `:port` for all addresses; undefined where it is none of these. */
export function parseHttpAddress(text: string): Omit<HttpAddress, 'isDefault'> | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]*)):(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535) return undefined
  const host = found[1] ?? found[2] ?? ''
  return { host: host === '' ? '0.0.0.0' : host, port }
}
