import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'drydock-package-'))
const consumer = join(home, 'consumer')
const modules = join(consumer, 'node_modules')
const installed = join(modules, 'velero-drydock')
const bin = join(installed, 'client/cli/bin.cjs')
let files: string[] = []

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', home], {
    cwd: root,
    encoding: 'utf8',
  })
  const [tarball = ''] = /[\w.-]+\.tgz/.exec(packed) ?? []
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', join(home, tarball), '--strip-components=1', '-C', installed])
  files = execFileSync('tar', ['-tzf', join(home, tarball)], { encoding: 'utf8' })
    .trim()
    .split('\n')
  installDependencies()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** What npm would install beside the package, by the lockfile; and what a consumer needs to check types. Links, so it takes no time. */
function installDependencies(): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  const forTypes = [
    'node_modules/typescript',
    'node_modules/@types/node',
    'node_modules/undici-types',
    'node_modules/@typescript/',
  ]
  const isOuter = (path: string) => path !== '' && path.lastIndexOf('node_modules/') === 0
  const isWanted = (path: string) =>
    lock.packages[path]?.dev !== true || forTypes.some((start) => path.startsWith(start))
  for (const path of Object.keys(lock.packages).filter(isOuter).filter(isWanted)) {
    mkdirSync(dirname(join(consumer, path)), { recursive: true })
    spawnSync('cp', ['-al', join(root, path), join(consumer, path)])
  }
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ type: 'module' }))
}

function run(argv: string[], env: Record<string, string> = {}) {
  const clean = { PATH: process.env['PATH'] ?? '', HOME: home, KUBECONFIG: '/nonexistent', ...env }
  return spawnSync(process.execPath, argv, { cwd: consumer, encoding: 'utf8', env: clean })
}

describe('the package', () => {
  it('has no test, no source, and few files', () => {
    expect(files.length).toBeLessThan(300)
    expect(
      files.filter(
        (file) => !/^package\/(dist\/|client\/cli\/bin\.cjs$|infra\/code-cache\.cjs$|[A-Zp][\w]*\.?\w*$)/.test(file),
      ),
    ).toEqual([])
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
    expect(
      run([
        '-e',
        `process.stdout.write(String(require('node:fs').readFileSync('${installed}/dist/workflows.bundle.js').includes('${root}')))`,
      ]).stdout,
    ).toBe('false')
  })

  it('runs its command line, and says in one sentence that a Node is too old', () => {
    const dry = run([bin, 'start', '--from-backup', 'b', '--name', 'n', '--dry-run', '-o', 'json'])
    expect(JSON.parse(dry.stdout)).toMatchObject({ metadata: { name: 'n' } })
    const old = join(home, 'old.cjs')
    writeFileSync(
      old,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })\n",
    )
    const refused = run(['-r', old, bin, 'list'])
    expect(refused.stderr).toMatch(/^drydock needs Node \d+\.\d+ or newer, and this is Node 20\.19\.0\n$/)
    expect(refused.status).toBe(1)
  })

  it('runs a worker, with workflows that are bundled already', async () => {
    const away = { TEMPORAL_ADDRESS: '127.0.0.1:1', DRYDOCK_START_TIMEOUT: '1ms', DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0' }
    const ended = run([bin, 'worker'], away)
    expect(ended.stdout + ended.stderr).toContain('Temporal at 127.0.0.1:1 does not answer')
    expect(ended.status).toBe(1)
    const history = JSON.parse(readFileSync(join(root, 'test/histories/cancelled.json'), 'utf8')) as never
    for (const name of ['workflows', 'workflows-traced']) {
      const workflowBundle = { codePath: join(installed, `dist/${name}.bundle.js`) }
      await Worker.runReplayHistory({ workflowBundle }, history)
    }
  })

  it('works beside another version of itself: each is what it says, and a program tells errors of both by their code', () => {
    const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string }
    // As `npm install drydock-before@npm:velero-drydock@0.0.1` would install it.
    const before = join(modules, 'drydock-before')
    cpSync(installed, before, { recursive: true })
    const built = readdirSync(join(before, 'dist')).filter((file) => /^(cli|shared-.*)\.js$/.test(file))
    for (const file of ['package.json', ...built.map((name) => `dist/${name}`)]) {
      const text = readFileSync(join(before, file), 'utf8')
      writeFileSync(join(before, file), text.replaceAll(version, '0.0.1'))
    }
    // Twice, since what the first run has compiled is kept for the next one.
    for (const [folder, says] of [
      [installed, version],
      [before, '0.0.1'],
      [installed, version],
    ] as const)
      expect(run([join(folder, 'client/cli/bin.cjs'), '--version']).stdout).toBe(`${says}\n`)
    const program = `
      for (const name of ['velero-drydock', 'drydock-before']) {
        const { ClientError, getRestore } = await import(name)
        const error = await getRestore('r', { kubeconfig: '/nonexistent' }).catch((thrown) => thrown)
        console.log(error.code, error instanceof ClientError, error instanceof (await import('velero-drydock')).ClientError)
      }`
    const { stdout, stderr } = run(['--input-type=module', '-e', program])
    expect(stderr).toBe('')
    expect(stdout).toBe('INVALID_ARGUMENT true true\nINVALID_ARGUMENT true false\n')
  })

  it('is imported, and its types are clean for a strict program that checks its libraries too', () => {
    const names = run(['--input-type=module', '-e', "console.log(Object.keys(await import('velero-drydock')).join())"])
    expect(names.stdout).toContain('startRestore')
    cpSync(join(root, 'examples'), consumer, { recursive: true })
    const own = join(consumer, 'own.ts')
    writeFileSync(
      own,
      "import { runWorker } from 'velero-drydock/worker'\nawait runWorker({ signal: AbortSignal.timeout(1) })\n",
    )
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'false']
    const programs = ['start-and-wait.ts', 'watch-all.ts', 'restore-copy.ts', 'own.ts']
    const checked = run([join(modules, 'typescript/bin/tsc'), ...options, '--types', 'node', ...programs])
    expect(checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  })
})
