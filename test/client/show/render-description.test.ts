import { expect, it } from 'vitest'
import { renderDescription } from '../../../client/show/render-description.ts'

it('has a line for what the results do not say', () => {
  const shown = renderDescription({
    name: 'shop-1',
    namespace: 'velero',
    uid: 'u',
    created: '2026-01-01T00:00:00Z',
    labels: {},
    annotations: { mine: 'yes' },
    spec: { backupName: 'shop' },
    status: { phase: 'Completed' },
    troubles: [],
    remarks: 'v1/ConfigMap shop/a: it loses all labels',
    workflow: { id: 'w', status: 'COMPLETED' },
  })
  expect(shown).toMatch(/^Remarks: +v1\/ConfigMap shop\/a: it loses all labels$/m)
  expect(shown).toMatch(/^Annotations: +mine=yes$/m)
})
