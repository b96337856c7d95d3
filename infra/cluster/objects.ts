import type { Cluster, Log, RemoveOptions } from '../../activities/ports.ts'
import { isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { canBeName, collectionPath, objectPath, type ApiRequest, type Send } from './api-request.ts'
import { discoverResources } from './discovery.ts'
import { listObjects } from './list-objects.ts'

/** The calls of the port `Cluster`, each one request (a list: one per page), none retried. */
export function createObjects(send: Send, log: Log): Omit<Cluster, 'id'> {
  return {
    get: async (ref) =>
      canBeName(ref.name)
        ? await undefinedWhereMissing(sendManifest(send, { method: 'GET', path: objectPath(ref) }))
        : undefined,
    list: (resource, options = {}) => listObjects(send, resource, options),
    discover: (unread) => discoverResources(send, log, unread),
    create: async (resource, namespace, manifest, { fieldManager, deadline, answer, dryRun }) =>
      sendManifest(send, {
        method: 'POST',
        path: collectionPath(resource, namespace),
        query: { fieldManager, ...dry(dryRun) },
        body: manifest,
        deadline,
        answer,
      }),
    patch: async (ref, patch, { fieldManager, subresource, deadline, answer, dryRun }) =>
      sendManifest(send, {
        method: 'PATCH',
        path: objectPath(ref, subresource),
        query: { fieldManager, ...dry(dryRun) },
        body: patch,
        contentType: 'application/merge-patch+json',
        deadline,
        answer,
      }),
    replaceStatus: async (ref, manifest, { fieldManager, deadline, answer, dryRun }) =>
      sendManifest(send, {
        method: 'PUT',
        path: objectPath(ref, 'status'),
        query: { fieldManager, ...dry(dryRun) },
        body: manifest,
        deadline,
        answer,
      }),
    remove: async (ref, options) =>
      undefinedWhereMissing(
        sendManifest(send, {
          method: 'DELETE',
          path: objectPath(ref),
          // Only where there is something to say: after a DELETE with a body the connection is not used again.
          ...(options === undefined ? {} : { body: deleteOptions(options) }),
        }),
      ),
  }
}

function deleteOptions({ propagation, dryRun, ...preconditions }: RemoveOptions): object {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions,
    ...(propagation && { propagationPolicy: propagation }),
    ...(dryRun && { dryRun: ['All'] }),
  }
}

function dry(dryRun: true | undefined): { dryRun?: 'All' } {
  return dryRun === true ? { dryRun: 'All' } : {}
}

async function sendManifest(send: Send, request: ApiRequest): Promise<Manifest> {
  return (await send(request)) as Manifest
}

async function undefinedWhereMissing(manifest: Promise<Manifest>): Promise<Manifest | undefined> {
  try {
    return await manifest
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
