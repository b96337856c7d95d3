import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { cachedFolder, copyFromGoModule } from '../../devstack/tools/cached-folder.ts'

/** The KEDA by which the chart is checked. */
const version = 'v2.21.0'

/** What KEDA itself says of the objects that make it scale by Temporal. */
export interface Keda {
  /** Its CustomResourceDefinitions, with their schemas. */
  crds: object[]
  /** The names that its scaler for Temporal reads from a trigger's metadata. */
  triggerMetadata: string[]
  /** The names that it reads from a TriggerAuthentication. */
  authParams: string[]
}

/** Takes them out of KEDA's Go module, which is fetched once. `cwd` is any folder. */
export async function kedaOf(cwd: string): Promise<Keda> {
  const crds = ['keda.sh_scaledobjects.yaml', 'keda.sh_triggerauthentications.yaml']
  const dir = await cachedFolder(`keda-${version}`, async (aside) => {
    const parts = ['pkg/scalers/temporal_scaler.go', ...crds.map((file) => `config/crd/bases/${file}`)]
    const signal = new AbortController().signal
    await copyFromGoModule(`github.com/kedacore/keda/v2@${version}`, parts, { to: aside, cwd, signal })
  })
  const files = readdirSync(dir).map((file) => readFileSync(join(dir, file), 'utf8'))
  const names = (place: string) =>
    files.flatMap((text) =>
      [...text.matchAll(new RegExp(`keda:"name=(\\w+),\\s*order=${place}`, 'g'))].map(([, name = '']) => name),
    )
  return {
    crds: crds.map((file) => parse(readFileSync(join(dir, file), 'utf8')) as object),
    triggerMetadata: names('triggerMetadata'),
    authParams: names('authParams'),
  }
}
