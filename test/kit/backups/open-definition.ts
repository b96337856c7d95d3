import type { Manifest } from '../../../velero/manifest.ts'

/** A kind of objects in namespaces, served as `v1`. */
export interface OpenKind {
  group: string
  kind: string
  /** In the singular with an `s` if none is given. */
  plural?: string
}

/** The definition of a kind that takes any field. */
export function openDefinition({ group, kind, plural = `${kind.toLowerCase()}s` }: OpenKind): Manifest {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
}
