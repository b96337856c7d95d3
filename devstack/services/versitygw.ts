import { freePort } from '../free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../launch.ts'
import type { BucketAddress } from '../stack-types.ts'

/** Starts an S3 server over a folder; the bucket itself is made by whoever fills it. */
export async function startVersitygw(home: Home): Promise<BucketAddress> {
  const listen = `127.0.0.1:${await freePort()}`
  const s3 = {
    endpoint: `http://${listen}`,
    bucket: 'velero',
    accessKey: 'drydock',
    secretKey: 'drydock-secret',
    region: 'us-east-1',
  }
  await launch(home, {
    name: 'versitygw',
    binary: await home.tool('versitygw'),
    // Without a folder for what S3 knows beside the bytes there are no ETags and no multipart uploads.
    args: [
      '--port',
      listen,
      '--health',
      '/health',
      '--quiet',
      'posix',
      '--sidecar',
      home.folder('s3/sidecar'),
      home.folder('s3/data'),
    ],
    env: { ROOT_ACCESS_KEY: s3.accessKey, ROOT_SECRET_KEY: s3.secretKey },
    address: s3.endpoint,
    ready: async () => (await fetch(`${s3.endpoint}/health`)).ok,
  })
  return s3
}
