import { StringDecoder } from 'node:string_decoder'
import type { Dispatcher } from 'undici'
import { readApiError } from './read-api-error.ts'
import { AnswerTooBig, asError, first, type ExchangeRequest } from './exchange.ts'

export interface StreamOptions {
  dispatcher: Dispatcher
  origin: string
  request: ExchangeRequest
  onLine: (line: string) => void
}

/** Bytes of one line at most: an event carries one object. */
const lineCharactersMax = 32 * 1024 * 1024

/** One request whose answer is handed out line by line as it comes; resolves when the server ends it. */
export function streamLines({ dispatcher, origin, request, onLine }: StreamOptions): Promise<void> {
  const { signal } = request
  if (signal?.aborted === true) return Promise.reject(asError(signal.reason))
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      if (stop !== undefined) signal?.removeEventListener('abort', stop)
    }
    let stop: (() => void) | undefined
    const reader = lineReader(request.method, onLine)
    dispatcher.dispatch(
      {
        origin,
        path: request.path,
        method: request.method,
        headers: request.headers,
        headersTimeout: request.timeoutMs,
        bodyTimeout: request.timeoutMs,
      },
      {
        onRequestStart(controller) {
          if (signal === undefined) return
          if (signal.aborted) throw asError(signal.reason)
          stop = () => controller.abort(asError(signal.reason))
          signal.addEventListener('abort', stop, { once: true })
        },
        onResponseStart(_controller, code, headers) {
          reader.start(code, first(headers['content-type']) ?? '', first(headers['retry-after']))
        },
        onResponseData(_controller, chunk) {
          reader.data(chunk)
        },
        onResponseEnd() {
          settle()
          const error = reader.end()
          if (error === undefined) resolve()
          else reject(error)
        },
        onResponseError(_controller, error) {
          settle()
          reject(error)
        },
      },
    )
  })
}

interface LineReader {
  start(code: number, contentType: string, retryAfter: string | undefined): void
  data(chunk: Buffer): void
  /** The error of an answer that is no success. */
  end(): Error | undefined
}

function lineReader(method: string, onLine: (line: string) => void): LineReader {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let head = { code: 0, contentType: '', retryAfter: undefined as string | undefined }
  return {
    start(code, contentType, retryAfter) {
      head = { code, contentType, retryAfter }
    },
    data(chunk) {
      rest += decoder.write(chunk)
      if (rest.length > lineCharactersMax)
        throw new AnswerTooBig(`a line has more than ${lineCharactersMax} characters`)
      if (head.code !== 200 || !rest.includes('\n')) return
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') onLine(line)
    },
    end() {
      if (head.code === 200) return undefined
      return readApiError({ method, ...head, body: rest })
    },
  }
}
