import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { ownDir, removeOwn } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the pool of clusters. */
    clusters: string
  }
}

const key = Symbol.for('drydock.test.clusters')
const place = globalThis as unknown as Record<symbol, string | undefined>

/** Provides the pool of clusters, one for all projects of a run; its clusters end with the run. */
export default function setUp(project: TestProject): () => Promise<void> {
  const clusters = (place[key] ??= ownDir())
  project.provide('clusters', clusters)
  return async () => {
    if (existsSync(clusters)) await removeOwn(clusters)
  }
}

/** The folder of the pool, once it is set up. */
export function poolFolder(): string {
  const folder = place[key]
  if (folder === undefined) throw new Error('the pool of clusters is set up first')
  return folder
}
