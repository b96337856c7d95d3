/** What to do about messages that match; the first match counts. */
const advices: readonly (readonly [RegExp, string])[] = [
  [
    /exceeded quota|limited: /i,
    'Raise the quota of the namespace, or delete what is not needed there. Then run "drydock retry" for this restore.',
  ],
  [
    /admission webhook|denied the request|failed calling webhook/i,
    'An admission webhook refused the object or did not answer. Mend the webhook or what it asks for, then run "drydock retry".',
  ],
  [
    /no matches for kind|could not find the requested resource|the server doesn't have a resource/i,
    'The cluster does not serve this kind or this version. Install its CRD or its operator, then run "drydock retry".',
  ],
  [
    /in-cluster version is different/i,
    'The object was there and differs from the backup. It was left as it is. To change it, restore with "--existing-resource-policy update".',
  ],
  [/already exists/i, 'The object was there already and was left as it is.'],
  [
    /field is immutable|immutable/i,
    'The object that stands in the cluster cannot be changed this way. Delete it first if the one of the backup is wanted, then run "drydock retry".',
  ],
  [
    /being terminated|is terminating|object is being deleted/i,
    'The namespace or the object was being deleted. Wait for its end (finalizers may hold it), then run "drydock retry".',
  ],
  [
    /forbidden: User|cannot (?:create|patch|get|list|update|delete) resource/i,
    'The worker lacks a right. Give its service account that verb on that resource, then run "drydock retry".',
  ],
  [
    /is invalid|Invalid value|Required value|Unsupported value|unknown field/i,
    'The API server refuses the content of the object. Change it by a resource modifier, and restore it again.',
  ],
  [
    /timed out|timeout|deadline/i,
    'Something did not come to its end in time. Look at its state, then run "drydock retry".',
  ],
  [/hook/i, 'A hook failed. Look at the pod and the command of the hook, then run "drydock retry".'],
  [
    /DataDownload|PodVolumeRestore|node.agent|VolumeSnapshot/i,
    'The data of a volume was not restored. Look at the named object and at the node agent, then run "drydock retry".',
  ],
]

const otherwise = 'Read the message, remove its cause, and run "drydock retry" for this restore.'

/** What people can do about a message, in one or two sentences. */
export function adviceOn(message: string): string {
  const text = message.slice(0, 2_000)
  return advices.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise
}
