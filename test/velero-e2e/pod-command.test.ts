import { describe, expect, it } from 'vitest'
import { inFolders, parseExec } from './pod-command.ts'

const mounts = [{ path: '/data-1', folder: '/tmp/volumes/uid/data-1' }]

describe('a command that the suite runs in a pod', () => {
  it('is read from the arguments of kubectl exec', () => {
    const args = 'exec -n shop -c main pod-1 -- cat /data-1/file'.split(' ')
    expect(parseExec(args)).toEqual({ namespace: 'shop', pod: 'pod-1', command: ['cat', '/data-1/file'] })
  })

  it.each([
    ['cat /data-1/file', 'cat /tmp/volumes/uid/data-1/file'],
    ['dd if=/dev/urandom of=/data-1/file bs=1', 'dd if=/dev/urandom of=/tmp/volumes/uid/data-1/file bs=1'],
    ["sha256sum data-1/file | awk '{ print $1 }'", "sha256sum /tmp/volumes/uid/data-1/file | awk '{ print $1 }'"],
    ['echo volume-data-1  > /data-1/file', 'echo volume-data-1  > /tmp/volumes/uid/data-1/file'],
  ])('works in the folder of the volume: %s', (command, inFolder) => {
    expect(inFolders(['/bin/sh', '-c', command], mounts)).toEqual(['/bin/sh', '-c', inFolder])
  })

  it('is refused where it names no volume, since it would work on the files of this machine', () => {
    expect(inFolders(['rm', '-r', '/etc/data-1/'], mounts)).toBeUndefined()
  })
})
