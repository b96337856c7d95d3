/**
 * What Velero's round trip through Go structs adds to an object or takes from it without changing what the API server
 * stores: removed on both sides before a comparison. Also the mark by which actions tell Velero to include more.
 */
export function withoutStructNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutStructNoise)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'restore.velero.io/must-include-additional-items')
    .map(([key, field]) => [key, withoutStructNoise(field)] as const)
  return Object.fromEntries(entries.filter(([key, field]) => !isNoise(key, field)))
}

function isNoise(key: string, field: unknown): boolean {
  if (field === null) return true
  if (key === 'targetPort') return field === 0
  if (key === 'status') return isBlank(field)
  if (key === 'preserveUnknownFields') return field === false
  if (key === 'metadata' || key === 'updateStrategy') return isBlank(field)
  if (key === 'annotations' || key === 'labels' || key === 'resources' || key === 'data') return isBlank(field)
  return Array.isArray(field) && field.length === 0
}

function isBlank(value: unknown): boolean {
  if (value === null || value === '' || value === 0) return true
  return typeof value === 'object' && Object.values(value).every(isBlank)
}
