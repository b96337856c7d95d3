import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import { objectsAt, textAt } from '../values/fields.ts'

/** The binding with the namespaces of its subjects mapped, whatever their kind; the role it refers to stays. */
export function mapSubjects(binding: Manifest, mapping: Record<string, string> | undefined): Manifest {
  if (mapping === undefined || Object.keys(mapping).length === 0) return binding
  const mapped = cloneManifest(binding)
  for (const subject of objectsAt(mapped, 'subjects')) {
    const namespace = textAt(subject, 'namespace')
    if (Object.hasOwn(mapping, namespace)) subject['namespace'] = mapping[namespace]
  }
  return mapped
}
