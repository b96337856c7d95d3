import { describe, expect, it } from 'vitest'
import { reachedFrom, withJavaScriptNames } from '../../package/declarations.ts'

describe('the declarations of the package', () => {
  const files: Record<string, string> = {
    'client/index.d.ts': "export type { A } from '../velero/a.ts';\nimport { Client } from '@temporalio/client';\n",
    'velero/a.d.ts': 'export interface A { b: import("./b.ts").B }\n',
    'velero/b.d.ts': "import type { A } from './a.ts';\nexport type B = A;\n",
    'velero/c.d.ts': '',
  }

  it('are those that an entry names, directly or through others', () => {
    const reached = reachedFrom(['client/index.d.ts'], (file) => files[file] ?? '')
    expect([...reached]).toEqual(['client/index.d.ts', 'velero/a.d.ts', 'velero/b.d.ts'])
  })

  it('name JavaScript files', () => {
    expect(withJavaScriptNames(files['velero/a.d.ts'] ?? '')).toBe('export interface A { b: import("./b.js").B }\n')
  })
})
