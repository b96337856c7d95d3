import { describe, expect, it } from 'vitest'
import type { EndedDeletion } from '../../../activities/deletion/delete-backup.ts'
import { fatal } from '../../../activities/frame/failures.ts'
import { deleteBackupWorkflowType } from '../../../contract/delete-backup.ts'
import { stories } from '../../workflows/story.ts'
import type { Fakes } from '../../workflows/story.ts'

const tell = stories()
const backup = { name: 'shop', uid: 'u', location: 'default', store: 's', movesData: false }
const no = () => ({ errors: [] })
const plain: Fakes = {
  beginDeletion: () => ({ do: 'delete', backup }),
  runDeleteActions: no,
  deleteSnapshots: no,
  deleteBackupFiles: () => undefined,
  deleteRestoresOf: no,
}

/** Tells the story of a deletion: the activities that were called, and how it was ended. */
async function told(fakes: Fakes) {
  const ended: Omit<EndedDeletion, 'ref'>[] = []
  const endDeletion: Fakes['endDeletion'] = ({ ref: _ref, ...how }) => void ended.push(how)
  const { handle, calls } = await tell({ ...plain, endDeletion, ...fakes }, {}, deleteBackupWorkflowType)
  await handle.result()
  return { calls, ended }
}

describe('the story of the deletion of a backup', () => {
  const all = ['beginDeletion', 'runDeleteActions', 'deleteSnapshots', 'deleteBackupFiles', 'deleteRestoresOf']

  const fail = () => {
    throw fatal('no')
  }

  it('goes through the items part by part, then deletes the rest, and tells what is left', async () => {
    const { calls, ended } = await told({
      runDeleteActions: ({ from }) => ({ errors: [], ...(from === 0 ? { next: 7 } : {}) }),
      deleteBackupFiles: fail,
    })
    expect(calls).toEqual([...all.slice(0, 2), ...all.slice(1), 'endDeletion'])
    expect(ended).toEqual([{ backup, errors: ['error removing backup from backup storage: no'] }])
  })

  it.each([
    ['the beginning', 'beginDeletion', { errors: ['backup deletion failed: no'] }],
    [
      'the way through the items',
      'runDeleteActions',
      { backup, errors: ['backup deletion failed: error invoking delete item actions: no'] },
    ],
  ])('ends with an error of its request where %s fails for good', async (_what, activity, how) => {
    const { calls, ended } = await told({ [activity]: fail })
    expect(calls).toEqual([...all.slice(0, all.indexOf(activity) + 1), 'endDeletion'])
    expect(ended).toEqual([how])
  })
})
