import { describe, expect, it } from 'vitest'
import { createClock } from '../../ports/clock.ts'
import { createServer } from './server.ts'
import type { AttemptTask, SimulatedWorkers } from '../workers.ts'
import { getExternalWorkflowHandle, proxyActivities, setHandler } from './workflow-stand-in.ts'

describe('a simulated workflow that was terminated', () => {
  it('goes on nowhere, though its activities end', async () => {
    const clock = createClock()
    const tasks: AttemptTask[] = []
    const heard: unknown[] = []
    const code = {
      listens: () => {
        setHandler({ name: 'word' }, (word) => heard.push(word))
        return new Promise(() => undefined)
      },
      async asks() {
        const word = await proxyActivities({})['look']?.executeWithOptions({}, [])
        await getExternalWorkflowHandle('listens').signal({ name: 'word' }, word)
      },
    }
    const run = (task: AttemptTask) => {
      tasks.push(task)
      return { cancel: () => undefined, giveUp: () => undefined }
    }
    const server = createServer(code, clock, () => ({ run }) as unknown as SimulatedWorkers)
    for (const workflowId of ['listens', 'asks', 'also asks']) {
      server.start(workflowId.replace('also ', ''), workflowId)
      await clock.advance(10)
    }
    server.terminate('asks')
    for (const [at, { onEnd }] of tasks.entries()) onEnd({ result: `answer ${at}` })
    await clock.advance(1_000)
    expect(heard).toEqual(['answer 1'])
    expect(server.closingsOf('asks')).toEqual(['TERMINATED'])
  })
})
