import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { whyRefused } from '../../devstack/node/node-requirements.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-refused-'))

afterAll(() => rmSync(dir, { recursive: true }))

/** Stands in for `unshare`: a machine that lets the trial of a node come as far as these lines say. */
function machine(...lines: string[]): string {
  const path = join(dir, 'unshare')
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
  return path
}

describe('whether a machine lets a node run', () => {
  it('is told in its own words: what it refuses comes last in the trial', () => {
    const refusing = machine(
      'echo mounts of its own',
      'echo a bridge for the network of pods',
      'echo RTNETLINK answers: Operation not permitted >&2',
      'exit 2',
    )
    expect(whyRefused(refusing)).toBe(
      'this machine refuses a node a bridge for the network of pods: RTNETLINK answers: Operation not permitted',
    )
  })

  it('is told where the trial cannot begin', () => {
    const refusing = machine('echo unshare failed: Operation not permitted >&2', 'exit 1')
    expect(whyRefused(refusing)).toBe(
      'this machine refuses a node namespaces of its own: unshare failed: Operation not permitted',
    )
  })

  it('is no question where all of the trial succeeds', () => {
    expect(whyRefused(machine('echo groups for processors and memory'))).toBeUndefined()
  })
})
