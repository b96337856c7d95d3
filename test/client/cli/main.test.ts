import { Readable, Writable } from 'node:stream'
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
  const io: Io = {
    out: into('out'),
    err: into('err'),
    in: Readable.from([]),
    env: {},
    now: () => new Date(2026, 0, 2, 3, 4, 5),
  }
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

  const printed = { metadata: { name: 'n' }, spec: { backupName: 'shop' } }

  it.each([
    ['start', 'n', '--from-backup', 'shop', '-o', 'json'],
    ['restore', 'create', 'n', '--from-backup', 'shop', '-o=json'],
    ['create', 'restore', 'n', '--from-backup', 'shop', '--output=json'],
    ['start', 'n', '--from-backup', 'shop', '--dry-run=true', '-ojson', '--wait=false'],
  ])('prints the Restore and starts nothing for %s %s %s %s %s %s', async (...argv) => {
    const { code, out, err } = await run(...argv)
    expect({ code, err, printed: JSON.parse(out) as unknown }).toMatchObject({ code: 0, err: '', printed })
  })

  it('says with -o and --wait that nothing is started', async () => {
    const { code, out, err } = await run('start', 'n', '--from-backup', 'shop', '-wo', 'yaml')
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('backupName: shop') as string })
    expect(err).toMatch(/^--output and --dry-run print the Restore and start nothing; with --wait use --result\n$/)
  })

  it('prints a table with labels for -o table, and starts nothing', async () => {
    const argv = ['--from-backup', 'shop', '--labels', 'a.b/c=d', '-o', 'table', '-L', 'a.b/c', '--show-labels']
    const { out } = await run('start', 'n', ...argv)
    expect(out).toMatch(/^NAME .* C +LABELS\nn +New +shop .* d +a\.b\/c=d\n$/)
  })

  it.each([['--dry-run'], ['-o=yaml']])('refuses lists that contradict each other with %s', async (flag) => {
    const { code, out, err } = await run(
      'start',
      'n',
      '--from-backup',
      'shop',
      flag,
      '--include-namespaces=a',
      '--exclude-namespaces=a',
    )
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe(
      'the restore would not be valid: Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: a\n',
    )
  })

  it('takes no name for the value of a boolean', async () => {
    const { out } = await run(
      'start',
      '--restore-volumes',
      'n',
      '--preserve-nodeports=false',
      '--from-backup',
      'b',
      '-ojson',
    )
    expect(JSON.parse(out)).toMatchObject({
      metadata: { name: 'n' },
      spec: { restorePVs: true, preserveNodePorts: false },
    })
  })

  it.each([
    [['strat'], /unknown command 'strat'[^]*Did you mean start/],
    [['start', '--form-backup', 'x'], /unknown option '--form-backup'[^]*Did you mean --from-backup/],
    [['start'], /^either --from-backup or --from-schedule is needed, and not both\n$/],
    [['start', 'Shop', '--from-backup', 'x'], /small letters/],
    [['start', 'a', '--name', 'b', '--from-backup', 'x'], /^the name is given twice, and differently\n$/],
    [['start', '--file', '/nowhere.yaml'], /^\/nowhere.yaml does not exist\n$/],
    [['list', '-o', 'xml'], /Allowed choices are table, json, yaml/],
    [['start', 'n', '--from-backup', 'b', '--restore-volumes', 'false'], /^write --restore-volumes=false, with "=": /],
    [
      ['start', '--from-backup', 'b', '--include-resources', 'nodes', '--dry-run'],
      /nodes are non-restorable resources/,
    ],
    [['list', '--log_dir', '/tmp'], /^--log_dir is an option of Velero's logging: leave it out; /],
    [['list', '--context', 'a', '--kubecontext', 'b'], /^--context and --kubecontext are the same option/],
    [['list', '--kubeconfig', '/nonexistent'], /^the kubeconfig \/nonexistent does not exist\n$/],
    [['logs', 'a', '--cacert', '/nowhere.pem'], /^\/nowhere.pem does not exist\n$/],
    [['logs', 'a', '--timeout', 'soon'], /It must be a duration such as 30s or 2m/],
    [['delete'], /^give exactly one of: names, --all, --selector\n$/],
    [['delete', 'a', '--all'], /^give exactly one of: names, --all, --selector\n$/],
    [['restore', 'creat'], /unknown command 'creat'[^]*Did you mean create/],
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

  it.each([
    'backup',
    'schedule',
    'install',
    'version',
    'plugin',
    'client',
    'server',
    'repo',
    'debug',
    'snapshot-location',
  ])('says that %s is a command of velero', async (name) => {
    const { code, err } = await run(name, 'create')
    expect(code).toBe(2)
    expect(err).toBe(`drydock has commands for restores only; for this use: velero ${name}\n`)
  })

  it('does not show how it reads a boolean', async () => {
    const { out } = await run('start', '--help')
    expect(out).not.toContain('preset')
    expect(out).toContain('--restore-volumes [bool]')
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
