/** One request to the API server, before credentials and deadlines are put to it. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with every segment escaped, as `resource-path.ts` builds it. */
  path: string
  query?: Record<string, string | number | undefined>
  /** A JSON value; it is stringified once. */
  body?: unknown
  contentType?: string
  accept?: string
  /**
   * `bulk` (the default) shares the bounded connections of restores. `vital` has connections of its own, so that a
   * Lease is renewed and a watch is kept however many writes stand in line.
   */
  lane?: 'bulk' | 'vital'
  /** Rule 7 does not hold for this write: only the renewal of the Lease itself may say so. */
  exempt?: boolean
  /** The server's deadline for it; without it the connection's own for reads or writes. */
  timeoutSeconds?: number
  signal?: AbortSignal
}

/** Whether rule 7 has a say in it. */
export function isWrite(request: ApiRequest): boolean {
  return request.method !== 'GET'
}
