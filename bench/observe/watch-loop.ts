import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded into a worker by `node --import`: writes each second into the file `BENCH_LOOP_FILE` how long its event loop has stood
 * still, as 99th percentile and maximum in ms, and how much CPU its thread has taken in one go at most. SIGUSR2 begins anew.
 */
const file = process.env['BENCH_LOOP_FILE']
if (file !== undefined && process.argv[1]?.endsWith('worker/main.ts') === true) {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  let longestMs = 0
  let before = process.threadCpuUsage()
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(before)
    longestMs = Math.max(longestMs, (user + system) / 1000)
    before = process.threadCpuUsage()
  }, 1).unref()
  process.on('SIGUSR2', () => {
    delay.reset()
    longestMs = 0
  })
  setInterval(() => {
    const p99 = delay.percentile(99) / 1e6
    writeFileSync(file, JSON.stringify({ p99, longest: delay.max / 1e6, longestCpu: longestMs }))
  }, 1000).unref()
}
