import type { ListOptions, NamedBounds } from '../../activities/ports.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'

/** Reads one page of a collection. */
type ReadPage = (request: {
  method: 'GET'
  path: string
  query: Record<string, string | number | undefined>
  accept?: string
}) => Promise<unknown>

const pageItemsMax = 500
const restartsMax = 3

/**
 * Reads a whole collection by its path, page by page. A list so long that its snapshot expires under way begins anew;
 * after some such turns it is read in one piece.
 */
export async function listObjects(send: ReadPage, path: string, options: ListOptions = {}): Promise<Manifest[]> {
  return (await listCollection(send, path, options)).items
}

/** The same, with the resourceVersion from which a watch carries on. */
export async function listCollection(send: ReadPage, path: string, options: ListOptions = {}): Promise<Collection> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await listPages(send, path, { ...options, limit: restarts < restartsMax ? pageItemsMax : undefined })
    } catch (error) {
      if (!isExpired(error) || restarts >= restartsMax) throw error
    }
  }
}

export interface Collection {
  items: Manifest[]
  resourceVersion: string
}

/** Whether a snapshot of the collection is gone: a continue token, or the version that a watch asked for. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone')
}

interface PageOptions extends ListOptions {
  limit: number | undefined
}

interface Page {
  apiVersion?: string
  kind?: string
  /** `remainingItemCount` is about how many objects follow the page; the server may leave it out. */
  metadata?: { resourceVersion?: string; continue?: string; remainingItemCount?: number }
  items?: Manifest[] | null
}

async function listPages(send: ReadPage, path: string, options: PageOptions): Promise<Collection> {
  const items: Manifest[] = []
  let resourceVersion = ''
  for await (const page of readPages(send, path, options)) {
    for (const item of page.items ?? []) items.push(withKind(item, page))
    resourceVersion = page.metadata?.resourceVersion ?? ''
  }
  return { items, resourceVersion }
}

/** One page after the other, each read when it is asked for. */
async function* readPages(send: ReadPage, path: string, options: PageOptions): AsyncGenerator<Page> {
  let from: string | undefined
  let page: Page
  do {
    page = await readPage(send, path, { ...options, from })
    yield page
    from = page.metadata?.continue
  } while (isContinued(page))
}

function isContinued({ metadata }: Page): boolean {
  return metadata?.continue !== undefined && metadata.continue !== ''
}

async function readPage(
  send: ReadPage,
  path: string,
  options: PageOptions & { from: string | undefined },
): Promise<Page> {
  return (await send({
    method: 'GET',
    path,
    query: {
      limit: options.limit,
      continue: options.from,
      labelSelector: options.labelSelector,
      resourceVersion: options.cached === true && options.from === undefined ? '0' : undefined,
    },
    ...(options.metadataOnly === true
      ? { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json' }
      : {}),
  })) as Page
}

/** The pages of a collection of which some objects are kept. A page of the largest objects there are is below the bound of an answer. */
const namedPageItemsMax = 100

/**
 * Reads the objects of these names from a collection by its path; undefined where it has more than `objectsMax` objects, or where its
 * pages take too long: then no more of it is read. Throws `ApiError` 410 where the snapshot that the pages are of expires.
 */
export async function listNamedObjects(
  send: ReadPage,
  path: string,
  { names, objectsMax, isOver = () => false }: NamedBounds,
): Promise<Manifest[] | undefined> {
  const named: Manifest[] = []
  let seen = 0
  for await (const page of readPages(send, path, { limit: namedPageItemsMax })) {
    const items = page.items ?? []
    for (const item of items) if (names.has(item.metadata.name)) named.push(withKind(item, page))
    seen += items.length
    if (seen + (page.metadata?.remainingItemCount ?? 0) > objectsMax) return undefined
    if (isContinued(page) && isOver()) return undefined
  }
  return named
}

/** The items of a list of a built-in resource do not say what they are; the list does. */
function withKind(item: Manifest, page: Page): Manifest {
  const { apiVersion, kind, ...rest } = item as Partial<Manifest>
  return {
    apiVersion: apiVersion ?? page.apiVersion ?? '',
    kind: kind ?? (page.kind ?? '').replace(/List$/, ''),
    ...rest,
  } as Manifest
}
