/**
 * Options of every gRPC connection to Temporal. By default the wait between two attempts to reconnect grows to two
 * minutes. A worker renews its Lease over this connection, so after an outage all restores would wait that long.
 */
export const channelArgs = { 'grpc.max_reconnect_backoff_ms': 2000 } as const
