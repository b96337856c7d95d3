import type { DownloadRequest } from '../../velero/download-request.ts'

/** What to do about a DownloadRequest as it stands. */
export type DownloadDecision = 'answer' | 'leave' | 'delete'

/**
 * | expiration | decision |
 * | none       | answer: nobody has looked at it yet |
 * | passed     | delete, whether it was answered or not |
 * | to come    | leave: answered, or refused for good because what it names is not there |
 */
export function decideDownload(request: DownloadRequest, now: Date): DownloadDecision {
  const { expiration } = request.status ?? {}
  if (expiration === undefined || expiration === null) return 'answer'
  return Date.parse(expiration) < now.getTime() ? 'delete' : 'leave'
}
