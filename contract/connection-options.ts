/**
 * How a connection to Temporal comes back. By itself the wait between tries grows to two minutes: a worker's Lease hangs
 * on its connection, so every restore would stand still as long after an outage, and a client would see nothing of it.
 */
export const channelArgs = { 'grpc.max_reconnect_backoff_ms': 2000 } as const
