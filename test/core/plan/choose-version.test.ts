import { describe, expect, it, test } from 'vitest'
import { chooseVersions, parseVersionPriorities, type ServedGroup } from '../../../core/plan/choose-version.ts'

const resource = 'bands.ex.io'

/** Chooses among folders such as `v1 v2*`, where the star marks the backup's preferred version. */
function choose(folders: string, served: string | undefined, wanted: string[] = []) {
  const archived = folders
    .split(' ')
    .filter(Boolean)
    .map((folder) => ({
      groupResource: resource,
      version: folder.replace('*', ''),
      preferred: folder.endsWith('*'),
    }))
  const versions = served?.split(' ') ?? []
  const group: ServedGroup[] =
    served === undefined
      ? []
      : [
          {
            group: 'ex.io',
            versions: versions.map((version) => version.replace('*', '')),
            preferred: versions.find((version) => version.endsWith('*'))?.slice(0, -1) ?? '',
          },
        ]
  const chosen = chooseVersions({
    resources: [resource],
    archived,
    served: group,
    priorities: new Map([[resource, wanted]]),
  })
  return 'error' in chosen
    ? chosen.error
    : `${chosen.get(resource)?.version}${chosen.get(resource)?.preferred ? '*' : ''}`
}

describe('the version that is restored', () => {
  test.each<[string, string, string | undefined, string[], string]>([
    ["the backup's preferred one where the cluster lacks the group", 'v1* v2', undefined, ['v2'], 'v1*'],
    ["the user's first that both have", 'v1* v2', 'v1* v2', ['v3', 'v2', 'v1'], 'v2'],
    ["the user's, though it is the backup's preferred one", 'v1* v2', 'v1 v2*', ['v1'], 'v1*'],
    ["the cluster's preferred one, if the backup has it", 'v1* v2', 'v2* v1', [], 'v2'],
    ['the one both prefer', 'v1* v2', 'v1* v2', [], 'v1*'],
    ["the backup's preferred one, if the cluster has it", 'v1* v2beta1', 'v2* v1', [], 'v1*'],
    ['the newest common one but for the newest of either side', 'v3* v2 v1beta1', 'v4* v2 v1beta1', [], 'v2'],
    ['not a common one that is the newest of the backup', 'v2 v1alpha1*', 'v3* v2', [], 'v1alpha1*'],
    ["the backup's preferred one where nothing is common", 'v1*', 'v2* v3', [], 'v1*'],
    ["the user's wish is ignored where the cluster lacks it", 'v1* v2', 'v1*', ['v2'], 'v1*'],
  ])('is %s', (_, folders, served, wanted, version) => {
    expect(choose(folders, served, wanted)).toBe(version)
  })

  it('is an error where the backup has no version folder', () => {
    expect(choose('', 'v2* v1')).toBe('the backup holds bands.ex.io in no version that can be chosen')
  })

  it('is chosen for the core group, too', () => {
    const chosen = chooseVersions({
      resources: ['pods'],
      archived: [{ groupResource: 'pods', version: 'v1', preferred: true }],
      served: [{ group: '', versions: ['v1'], preferred: 'v1' }],
      priorities: new Map(),
    })
    expect(chosen).toEqual(new Map([['pods', { version: 'v1', preferred: true }]]))
  })
})

test.each<[string, [string, string[]][]]>([
  ['', []],
  ['a.ex.io=v1', [['a.ex.io', ['v1']]]],
  [
    '  a.ex.io = v2beta1, v1 \n\nb.ex.io=v2',
    [
      ['a.ex.io', ['v2beta1', 'v1']],
      ['b.ex.io', ['v2']],
    ],
  ],
  ['a.ex.io\n=v1\nb.ex.io=\nc=v1=v2', []],
])('priorities %j are read as %j', (text, priorities) => {
  expect([...parseVersionPriorities(text)]).toEqual(priorities)
})
