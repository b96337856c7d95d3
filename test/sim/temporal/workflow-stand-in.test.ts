import { describe, expect, it } from 'vitest'
import { listFiles, textOf } from '../../house/source-files.ts'
import * as standIn from './workflow-stand-in.ts'

describe('the stand-in for Temporal’s package for workflows', () => {
  it('has each value that the code of workflows imports', () => {
    const imports = /^import \{([^}]+)\} from '@temporalio\/workflow'$/gm
    const names = listFiles('workflows').flatMap((file) =>
      [...textOf(file).matchAll(imports)].flatMap(([, list = '']) => list.split(',').map((name) => name.trim())),
    )
    expect(names).toContain('startChild')
    expect(names.filter((name) => name !== '' && !(name in standIn))).toEqual([])
  })
})
