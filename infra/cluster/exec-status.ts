/**
 * How a command ended, from the status that the server sends last: empty for success, otherwise the words that
 * Kubernetes' own client has for it, since those stand in Velero's results.
 */
export function readExecStatus(text: string): string {
  let status: ExecStatus
  try {
    status = JSON.parse(text) as ExecStatus
  } catch (thrown) {
    return `error stream protocol error: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
  switch (status?.status) {
    case 'Success':
      return ''
    case 'Failure':
      return status.reason === 'NonZeroExitCode' ? exitCodeText(status) : (status.message ?? '') || 'unknown error'
    default:
      return 'error stream protocol error: unknown error'
  }
}

interface ExecStatus {
  status?: string
  reason?: string
  message?: string
  details?: { causes?: { reason?: string; message?: string }[] }
}

function exitCodeText({ details }: ExecStatus): string {
  if (details === undefined) return 'error stream protocol error: details must be set'
  const cause = details.causes?.find((one) => one.reason === 'ExitCode')
  if (cause === undefined) return 'error stream protocol error: no ExitCode cause given'
  const code = cause.message ?? ''
  if (!/^\d{1,3}$/.test(code) || Number(code) > 255)
    return `error stream protocol error: invalid exit code value ${JSON.stringify(code)}`
  return `command terminated with exit code ${Number(code)}`
}
