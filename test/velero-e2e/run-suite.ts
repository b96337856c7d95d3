import { spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { markProcess } from '../../devstack/processes/process-mark.ts'
import { cachedFolder, copyFromGoModule } from '../../devstack/tools/cached-folder.ts'
import { obtainTool } from '../../devstack/tools/obtain-tool.ts'
import { tools } from '../../devstack/tools/tools.ts'
import type { ToolName } from '../../devstack/tools/tools.ts'
import type { Group } from './groups.ts'
import { additionalBucket } from './servers.ts'
import type { Place, Servers } from './servers.ts'
import type { SpecReport } from './specs.ts'

/** The programs that the suite needs beside those of the stack. */
export const suiteTools: readonly ToolName[] = ['velero-e2e', 'kubectl', 'velero']

/**
 * Runs the specs that a label filter names and returns ginkgo's report of all specs; the suite's output goes to `suite.log`. Throws
 * where the suite ends without a report.
 */
export async function runSuite(
  group: Group,
  filter: string,
  { servers, place }: { servers: Servers; place: Place },
): Promise<SpecReport[]> {
  const { dir, signal } = place
  const report = join(dir, 'report.json')
  const log = openSync(join(dir, 'suite.log'), 'w')
  try {
    const child = spawn(
      await obtainTool('velero-e2e', place),
      await suiteArgs(group, filter, { servers, place, report }),
      {
        cwd: await workingFolder(place),
        env: await environment(servers, place),
        stdio: ['ignore', log, log],
        detached: true,
      },
    )
    const mark = child.pid === undefined ? undefined : markProcess(child.pid)
    const end = () => void (mark === undefined ? undefined : endProcess(mark))
    signal.addEventListener('abort', end)
    await new Promise((done) => child.on('exit', done).on('error', done))
    signal.removeEventListener('abort', end)
  } finally {
    closeSync(log)
  }
  signal.throwIfAborted()
  return (JSON.parse(readFileSync(report, 'utf8')) as [{ SpecReports: SpecReport[] }])[0].SpecReports
}

async function suiteArgs(
  group: Group,
  filter: string,
  { servers, place, report }: { servers: Servers; place: Place; report: string },
): Promise<string[]> {
  const { stack, credentials } = servers
  const location = `region=${stack.s3.region},s3ForcePathStyle=true,s3Url=${stack.s3.endpoint}`
  const options = {
    'cloud-provider': group.cloud,
    'object-store-provider': 'aws',
    bucket: stack.s3.bucket,
    'credentials-file': credentials,
    'bsl-config': location,
    velerocli: await obtainTool('velero', place),
    'velero-namespace': stack.veleroNamespace,
    'velero-version': tools.velero.version,
    'install-velero': group.installs ?? false,
    'use-node-agent': false,
    'use-volume-snapshots': group.snapshots ?? false,
    'fail-fast': false,
    'kibishii-directory': `${copyKibishii(place)}/`,
    'additional-bsl-object-store-provider': 'aws',
    'additional-bsl-bucket': additionalBucket,
    'additional-bsl-config': location,
    'additional-bsl-credentials-file': credentials,
    'ginkgo.no-color': true,
    'ginkgo.v': true,
    'ginkgo.seed': 1,
    'ginkgo.timeout': `${group.minutesMax}m`,
    'ginkgo.label-filter': filter,
    'ginkgo.json-report': report,
  }
  return ['-test.v', '-test.timeout=0', ...Object.entries(options).map(([name, value]) => `-${name}=${value}`)]
}

/** The suite writes into the folder that it installs its workload from. */
function copyKibishii({ dir }: Place): string {
  const copy = join(dir, 'kibishii')
  cpSync(fileURLToPath(new URL('./kibishii', import.meta.url)), copy, { recursive: true })
  return copy
}

/** The files that the suite reads, out of the Go module that it comes from; the cache keeps them. */
export function suiteTestdata({ dir, report, signal }: Place): Promise<string> {
  const { version } = tools.velero
  return cachedFolder(`velero-e2e-testdata-${version}`, async (aside) => {
    report(`velero-e2e: taking its test data from Velero's Go module ${version}, usually a few seconds`)
    const from = `github.com/vmware-tanzu/velero@${version}`
    await copyFromGoModule(from, ['test/testdata'], { to: aside, cwd: dir, signal })
  })
}

/** The suite reads `../testdata`. */
async function workingFolder(place: Place): Promise<string> {
  cpSync(await suiteTestdata(place), join(place.dir, 'suite', 'testdata'), { recursive: true })
  const folder = join(place.dir, 'suite', 'e2e')
  mkdirSync(folder, { recursive: true })
  return folder
}

async function environment({ stack, volumes, credentials }: Servers, place: Place): Promise<NodeJS.ProcessEnv> {
  const bin = join(place.dir, 'bin')
  const tmp = join(place.dir, 'tmp')
  for (const folder of [bin, tmp]) mkdirSync(folder, { recursive: true })
  const kubectl = await obtainTool('kubectl', place)
  const exec = fileURLToPath(new URL('./pod-exec.ts', import.meta.url))
  const lines = [
    '#!/bin/sh',
    `[ "$1" = exec ] || exec "${kubectl}" "$@"`,
    `exec "${process.execPath}" "${exec}" "${kubectl}" "${volumes}" "$@"`,
  ]
  writeFileSync(join(bin, 'kubectl'), `${lines.join('\n')}\n`, { mode: 0o755 })
  return {
    ...process.env,
    KUBECONFIG: stack.kubeconfig,
    HOME: place.dir,
    TMPDIR: tmp,
    PATH: `${bin}:${process.env['PATH']}`,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    // Where the suite looks into the bucket by itself it heeds the location's address only for the region "minio".
    AWS_ENDPOINT_URL_S3: stack.s3.endpoint,
  }
}
