import type { Manifest } from '../../velero/manifest.ts'
import type { ApiRequest } from './api-request.ts'

/**
 * What an answer begins with, as every API server writes it for its own types: the fields of `metadata` in the order of
 * Go's struct. Others, such as custom resources, have their keys sorted, and are parsed.
 */
const head =
  /^\{"kind":"([^"\\]+)","apiVersion":"([^"\\]+)","metadata":\{"name":"([^"\\]+)",(?:"generateName":"[^"\\]*",)?(?:"namespace":"([^"\\]+)",)?"uid":"([^"\\]+)","resourceVersion":"([^"\\]+)"/

/** Which object an answer is about, without a parse of the whole; undefined where its beginning does not tell. */
export function readIdentity(text: string): Manifest | undefined {
  const found = head.exec(text)
  if (found === null) return undefined
  const [, kind = '', apiVersion = '', name = '', namespace, uid, resourceVersion] = found
  const inside = namespace === undefined ? {} : { namespace }
  return { apiVersion, kind, metadata: { name, ...inside, uid, resourceVersion } } as Manifest
}

/** An answer with the whole object costs more than one with its metadata where the object is at least so large. */
const largeBytes = 8 * 1024

/** The media types to ask for: of a large object the metadata alone, where no more is of use and the server knows how. */
export function acceptFor({ answer }: Pick<ApiRequest, 'answer'>, bodyBytes: number): string {
  if (answer !== 'identity' || bodyBytes < largeBytes) return 'application/json'
  return 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json'
}
