import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Io } from '../../../client/cli/command.ts'
import { runProgram } from '../../../client/cli/main.ts'

/** Runs a command line that needs no server. */
async function run(...argv: string[]) {
  const text = { out: '', err: '' }
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(piece: Buffer, _encoding, done) {
        text[name] += piece.toString()
        done()
      },
    })
  const io: Io = { out: into('out'), err: into('err'), env: {}, now: () => new Date(2026, 0, 2, 3, 4, 5) }
  return { code: await runProgram(argv, io), ...text }
}

describe('the command line', () => {
  it('prints the Restore that it would create', async () => {
    const { code, out } = await run(
      'start',
      '--from-backup',
      'shop',
      '--include-namespaces',
      'a,b',
      '--dry-run',
      '-o',
      'json',
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name: 'shop-20260102030405', namespace: 'velero' },
      spec: { backupName: 'shop', includedNamespaces: ['a', 'b'] },
    })
  })

  it.each([
    [['strat'], /unknown command 'strat'[^]*Did you mean start/],
    [['start', '--form-backup', 'x'], /unknown option '--form-backup'[^]*Did you mean --from-backup/],
    [['start'], /^either --from-backup or --from-schedule is needed, and not both\n$/],
    [['start', 'Shop', '--from-backup', 'x'], /small letters/],
    [['start', 'a', '--name', 'b', '--from-backup', 'x'], /^the name is given twice, and differently\n$/],
    [['start', '--file', '/nowhere.yaml'], /^\/nowhere.yaml cannot be read: /],
    [['list', '-o', 'xml'], /Allowed choices are table, json, yaml/],
    [['cancel'], /missing required argument 'name'/],
    [
      ['list', '--profile', 'no-such-profile'],
      /^Temporal's configuration cannot be used: Profile 'no-such-profile' not found/,
    ],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, out, err } = await run(...argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    expect(err).not.toContain('    at ')
  })

  it.each([[['--help']], [['start', '--help']], [['watch', '--help']]])(
    'has help for %j with exit codes',
    async (argv) => {
      const { code, out } = await run(...argv)
      expect(code).toBe(0)
      expect(out).toContain('Examples:')
      expect(out).toContain('Exit codes:')
    },
  )
})
