import { describe, expect, it } from 'vitest'
import { finalizeTaskRunners } from '../../../activities/finalize/runners.ts'
import { deadlineSeconds, finalizeTaskOf, finalizeTasks } from '../../../core/finalize/tasks.ts'

describe('the wrap-up tasks', () => {
  it('each has its code, and there is none without a task', () => {
    expect(Object.keys(finalizeTaskRunners).sort()).toEqual(finalizeTasks.map(({ name }) => name).sort())
  })

  it('hooks are awaited before the journal forgets them', () => {
    const names = finalizeTasks.map(({ name }) => name)
    expect(names.indexOf('tidy-journal')).toBe(names.length - 1)
    expect(finalizeTaskOf('await-hooks')).toBeDefined()
  })

  it('a deadline is a time or a multiple of the resource timeout', () => {
    expect(deadlineSeconds({ name: 'x', title: 'x', deadline: { seconds: 5 } }, 600)).toBe(5)
    expect(deadlineSeconds({ name: 'x', title: 'x', deadline: { resourceTimeouts: 2 } }, 600)).toBe(1200)
  })
})
