import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Measurement } from '../measurement.ts'

/** The measurements of a workload that a folder keeps; none where it has no file. One JSON object a line, in their order. */
export function readMeasurements(folder: string, workload: string): Measurement[] {
  const path = fileOf(folder, workload)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as Measurement)
}

/** Adds a measurement at once, so that a bench that is stopped keeps what it has. */
export function keepMeasurement(folder: string, measurement: Measurement): void {
  mkdirSync(folder, { recursive: true })
  appendFileSync(fileOf(folder, measurement.workload), `${JSON.stringify(rounded(measurement))}\n`)
}

const fileOf = (folder: string, workload: string) => join(folder, `${workload}.jsonl`)

/** To the thousandth: more is noise, and makes the file unreadable. */
function rounded(measurement: Measurement): Measurement {
  const text = JSON.stringify(measurement, (_key, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  )
  return JSON.parse(text) as Measurement
}
