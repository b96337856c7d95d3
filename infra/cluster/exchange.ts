import type { Dispatcher } from 'undici'

/** What is put on the wire. */
export interface ExchangeRequest {
  method: Dispatcher.HttpMethod
  path: string
  headers: Record<string, string>
  body?: string
  /** Called at the moment the request is put on the wire, however long it stood in line; what it throws stops it. */
  beforeSend?: () => void
  timeoutMs: number
  bodyBytesMax: number
  signal?: AbortSignal | undefined
}

/** What came back, whole. */
export interface ExchangeAnswer {
  code: number
  contentType: string
  retryAfter: string | undefined
  body: string
}

/** The answer is bigger than anything an API server sends for one request. */
export class AnswerTooBig extends Error {
  override readonly name = 'AnswerTooBig'
}

/** One request and its whole answer. Rejects with what `beforeSend` threw, the signal's reason, or undici's error. */
export function exchange(dispatcher: Dispatcher, origin: string, request: ExchangeRequest): Promise<ExchangeAnswer> {
  const { signal } = request
  if (signal?.aborted === true) return Promise.reject(asError(signal.reason))
  return new Promise((resolve, reject) => {
    const handler = answerHandler(request, resolve, reject)
    dispatcher.dispatch(dispatchOptions(origin, request), handler)
  })
}

function dispatchOptions(origin: string, request: ExchangeRequest): Dispatcher.DispatchOptions {
  return {
    origin,
    path: request.path,
    method: request.method,
    headers: request.headers,
    headersTimeout: request.timeoutMs,
    bodyTimeout: request.timeoutMs,
    ...(request.body === undefined ? {} : { body: request.body }),
  }
}

function answerHandler(
  request: ExchangeRequest,
  resolve: (answer: ExchangeAnswer) => void,
  reject: (error: unknown) => void,
): Dispatcher.DispatchHandler {
  const { signal } = request
  const chunks: Buffer[] = []
  let bytes = 0
  let answer: ExchangeAnswer | undefined
  let stop: (() => void) | undefined

  function settle(): void {
    if (stop !== undefined) signal?.removeEventListener('abort', stop)
  }

  return {
    onRequestStart(controller) {
      if (signal?.aborted === true) throw asError(signal.reason)
      request.beforeSend?.()
      if (signal === undefined) return
      stop = () => controller.abort(asError(signal.reason))
      signal.addEventListener('abort', stop, { once: true })
    },
    onResponseStart(_controller, code, headers) {
      answer = {
        code,
        contentType: first(headers['content-type']) ?? '',
        retryAfter: first(headers['retry-after']),
        body: '',
      }
    },
    onResponseData(controller, chunk) {
      bytes += chunk.length
      if (bytes > request.bodyBytesMax)
        controller.abort(new AnswerTooBig(`the answer has more than ${request.bodyBytesMax} bytes`))
      else chunks.push(chunk)
    },
    onResponseEnd() {
      settle()
      if (answer === undefined) reject(new Error('the answer has no head'))
      else resolve({ ...answer, body: decode(chunks) })
    },
    onResponseError(_controller, error) {
      settle()
      reject(error)
    },
  }
}

function decode(chunks: Buffer[]): string {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8')
}

export function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
