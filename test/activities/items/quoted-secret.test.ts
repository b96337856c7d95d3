import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Ports } from '../../../activities/ports.ts'
import type { Settings } from '../../../activities/settings.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createWorld } from '../../ports/world.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { chunkOf, create, settings, worldAt } from '../crash/restore-in-memory.ts'

const value = 'correct horse battery staple'
const forms = [value, value.slice(0, 15), Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')]
/** What a webhook says that wants to be helpful. */
const quoting = forms.map((form) => `"${form}" (${form})`).join(' and ')

/** Restores a Secret into a cluster that answers each write of it so, up to the end of the last pass. */
async function restoreQuoted(answer: {
  code: number
  reason: string
  words: string
  outOfTime?: boolean
  on?: 'patch'
}) {
  const told: unknown[] = []
  const world = createWorld(await worldAt({ before: 'secrets' }, { spec: { existingResourcePolicy: 'none' } }))
  const refused = (kind: string): void => {
    if (kind !== 'secrets') return
    const { code, reason, words, outOfTime = false } = answer
    throw new ApiError({ code, reason, message: `${words}${quoting}`, outOfTime })
  }
  const withWebhook = (ports: Ports, set: Settings) => {
    const { cluster } = ports
    const quoted: Ports['cluster'] = {
      ...cluster,
      async create(...args) {
        const [{ resource }, namespace, sent, options] = args
        if (answer.on === undefined) refused(resource)
        const manifest = resource === 'secrets' ? { ...sent, data: { pw: forms[2] } } : sent
        return cluster.create(args[0], namespace, manifest, options)
      },
      async patch(...args) {
        refused(args[0].resource)
        return cluster.patch(...args)
      },
    }
    const activities = create({ ...ports, cluster: quoted, archives: withValue(ports.archives) }, set)
    const restoreChunk: (typeof activities)[string] = async (input) => {
      try {
        return await activities['restoreChunk']?.(input)
      } catch (thrown) {
        told.push(String(thrown), (thrown as Error).stack, JSON.stringify(thrown))
        throw thrown
      }
    }
    return { ...activities, restoreChunk }
  }
  for (const pass of [undefined, 1, 2, 3]) {
    const more = pass === undefined ? {} : { pass }
    const input = { ...chunkOf('secrets'), ...more }
    told.push(await runAttempts({ world, create: withWebhook, settings, activity: 'restoreChunk', input }))
    await world.clock.advance(700_000)
  }
  const bodies = [...world.buckets.objects('backups')].filter(([key]) => key.endsWith('.json.gz'))
  const journal = bodies.map(([key, body]) => ({ key, text: gunzipSync(body).toString('utf8') }))
  const outcomes = journal.filter(({ key }) => key.includes('/outcomes/wave-006/'))
  const messages = outcomes.flatMap(
    ({ text }) => (JSON.parse(text) as { content: Outcome[] }).content[0]?.messages ?? [],
  )
  const events = world.cluster.objects().filter(({ kind }) => kind === 'Event')
  return { told: JSON.stringify([told, world.log, events, journal]), messages }
}

/** Archives in which each Secret holds the value. */
function withValue(archives: Ports['archives']): Ports['archives'] {
  return {
    async open(...args) {
      const archive = await archives.open(...args)
      return {
        ...archive,
        async read(entry) {
          const text = await archive.read(entry)
          if (entry.groupResource !== 'secrets') return text
          return JSON.stringify({ ...(JSON.parse(text) as object), data: { pw: forms[2] } })
        },
      }
    },
  }
}

describe('the value of a Secret that a webhook quotes', () => {
  it.each([
    { code: 422, reason: 'Invalid', words: 'Secret is invalid: data[pw]: Invalid value: ' },
    { code: 403, reason: 'Forbidden', words: 'admission webhook "w.example.com" denied the request: ' },
    { code: 500, reason: 'InternalError', words: 'Internal error occurred: failed calling webhook "w": ' },
    { code: 500, reason: '', words: 'admission webhook "w.example.com" denied the request: ' },
    { code: 429, reason: 'TooManyRequests', words: 'try again: ' },
    { code: 503, reason: 'ServiceUnavailable', words: 'the server is currently unable to handle the request: ' },
    { code: 504, reason: 'Timeout', words: 'Timeout: ', outOfTime: true },
    { code: 404, reason: 'NotFound', words: 'the server could not find the requested resource: ' },
    { code: 409, reason: 'Conflict', words: 'Operation cannot be fulfilled: ' },
    { code: 403, reason: 'Forbidden', words: 'denied: ', on: 'patch' as const },
    { code: 503, reason: 'ServiceUnavailable', words: 'away: ', on: 'patch' as const },
  ])(
    'is in no report, failure, journal, log or Event, and the name of the item is: $code $reason $on',
    async (answer) => {
      const { told, messages } = await restoreQuoted(answer)
      for (const form of forms) expect(told.includes(form)).toBe(false)
      expect(messages.length).toBeGreaterThan(0)
      for (const { text } of messages) {
        expect(text).toContain('token')
        expect(text).toContain('<redacted>')
      }
    },
  )
})
