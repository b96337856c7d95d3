import { veleroVersion } from '../../velero/defaults.ts'

/** What Velero's own releases run, for clusters where no Deployment `velero` names another image. */
const releasedImage = `velero/velero:${veleroVersion}`

/**
 * The image of the container that waits for files. The configured one must name its registry or repository, or the image
 * of Velero's server is taken; a missing tag becomes Velero's version.
 */
export function restoreHelperImage(configured: string | undefined, veleroImage: string | undefined): string {
  const fallback = veleroImage || releasedImage
  if (!configured) return fallback
  const slash = configured.lastIndexOf('/')
  if (slash < 0) return fallback
  return configured.slice(slash + 1).includes(':') ? configured : `${configured}:${veleroVersion}`
}
