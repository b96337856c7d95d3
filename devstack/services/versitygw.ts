import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import type { BucketAddress } from '../stack-types.ts'

/**
 * Starts an S3 server over a folder; the bucket itself is made by whoever fills it. `keys` are those of its only user. `host` is where
 * it listens: pods of a real node do not reach 127.0.0.1.
 */
export async function startVersitygw(home: Home, keys = defaultKeys, host = '127.0.0.1'): Promise<BucketAddress> {
  return onFreePorts(1, async ([port]) => {
    const s3 = { endpoint: `http://${host}:${port}`, bucket: 'velero', ...keys, region: 'us-east-1' }
    await launchVersitygw(home, s3)
    return s3
  })
}

const defaultKeys: Pick<BucketAddress, 'accessKey' | 'secretKey'> = {
  accessKey: 'drydock',
  secretKey: 'drydock-secret',
}

/** Starts the server of that address over the home's folder, perhaps one that takes no writes. */
export async function launchVersitygw(
  home: Home,
  s3: BucketAddress,
  options: { readOnly?: boolean } = {},
): Promise<void> {
  const server = ['--port', new URL(s3.endpoint).host, '--health', '/health', '--quiet']
  // Without a folder for metadata there are no ETags and no multipart uploads.
  const folder = ['posix', '--sidecar', home.folder('s3/sidecar'), home.folder('s3/data')]
  await launch(home, {
    name: 'versitygw',
    binary: await home.tool('versitygw'),
    args: [...server, ...(options.readOnly === true ? ['--readonly'] : []), ...folder],
    env: { ROOT_ACCESS_KEY: s3.accessKey, ROOT_SECRET_KEY: s3.secretKey },
    address: s3.endpoint,
    ready: async () => (await fetch(`${s3.endpoint}/health`)).ok,
  })
}
