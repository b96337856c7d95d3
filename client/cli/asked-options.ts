import { Option } from 'commander'
import type { Command } from 'commander'
import {
  endedJobsAnnotation,
  existingAnnotation,
  imagesAnnotation,
  isolateAnnotation,
  objectsAnnotation,
  ownersAnnotation,
  replicasAnnotation,
  storageClassesAnnotation,
} from '../../velero/labels.ts'

/** Options that the spec of a Restore has no field for: they become annotations. */
export interface AskedOptions {
  object?: string[]
  storageClassMappings?: string
  imageMappings?: string
  endedJobs?: string
  isolate?: boolean
  replicas?: string
  existing?: string
  owners?: string
}

/** Adds them to `start` and `plan`. */
export function addAskedOptions(command: Command): Command {
  const add = (value: string, before: string[] = []) => [...before, value]
  return command
    .option('--object <resource/namespace/name>', 'only this object of the backup; may be given several times', add)
    .option('--storage-class-mappings <a=b,…>', 'restore volumes of storage class a with class b')
    .option('--image-mappings <a=b,…>', 'put b in the place of a in the images of containers, such as registries')
    .addOption(
      new Option('--ended-jobs <how>', 'Jobs that had finished or failed when the backup was made').choices([
        'leave-out',
        'suspend',
      ]),
    )
    .option('--isolate', 'take no names, addresses and ports of others, and suspend Jobs and CronJobs')
    .addOption(
      new Option('--replicas <how>', 'create workloads with no replicas, and leave them so or scale them back').choices(
        ['zero', 'scale-back'],
      ),
    )
    .option(
      '--existing <policy|a=b,…>',
      'what becomes of objects that exist: recreate, fail, update or none, by resource',
    )
    .addOption(
      new Option(
        '--owners <how>',
        'link objects to their restored owners again, or drop owners as Velero does',
      ).choices(['relink', 'drop']),
    )
}

/** The annotations of these options. */
export function askedAnnotations({
  object,
  storageClassMappings,
  imageMappings,
  endedJobs,
  isolate,
  replicas,
  existing,
  owners,
}: AskedOptions): Record<string, string> {
  return {
    ...(object && { [objectsAnnotation]: object.join(',') }),
    ...(storageClassMappings !== undefined && { [storageClassesAnnotation]: storageClassMappings }),
    ...(imageMappings !== undefined && { [imagesAnnotation]: imageMappings }),
    ...(isolate === true && { [isolateAnnotation]: 'true' }),
    ...(endedJobs !== undefined && { [endedJobsAnnotation]: endedJobs }),
    ...(replicas !== undefined && { [replicasAnnotation]: replicas }),
    ...(existing !== undefined && { [existingAnnotation]: existing }),
    ...(owners !== undefined && { [ownersAnnotation]: owners }),
  }
}
