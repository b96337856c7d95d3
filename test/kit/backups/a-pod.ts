import type { BackedUpItem } from './put-backup.ts'

/** A pod with these containers and annotations. */
export function aPod(
  namespace: string,
  name: string,
  options: {
    containers?: readonly string[]
    annotations?: Record<string, string>
    labels?: Record<string, string>
  } = {},
): BackedUpItem {
  const containers = (options.containers ?? ['app']).map((container) => ({
    name: container,
    image: 'example.com/app:1',
  }))
  const { annotations = {}, labels = {} } = options
  const metadata = { name, namespace, annotations, labels }
  return ['pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } }]
}
