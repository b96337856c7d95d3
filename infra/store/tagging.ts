import { StoreError } from '../../core/port-errors.ts'

/** Checks the config key `tagging` (`a=1&b=2`) as Velero's AWS plugin does, quirks and words included. */
export function checkTagging(tagging: string): string {
  const tags = tagging.split('&')
  if (tags.length === 1) throw invalid('Tags are not seperated with an &')
  if (tags.length > 10) throw invalid('Aws S3 allows only ten tags per object')
  for (const tag of tags) {
    const [key = '', value, ...rest] = tag.split('=')
    if (value === undefined || rest.length > 0) throw invalid('invalid tags provided')
    if (Array.from(key).length > 128)
      throw invalid('An S3 tag key can not be more than 128 Unicode characters in length')
    if (Array.from(value).length > 248)
      throw invalid('An S3 tag values can not be more 256 Unicode characters in length')
  }
  return tagging
}

function invalid(message: string): StoreError {
  return new StoreError('location', message)
}
