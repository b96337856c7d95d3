import { describe, expect, it } from 'vitest'
import { pageText } from '../../bench/report/page.ts'
import { plotWorkload } from '../../bench/report/plot.ts'
import { summarize } from '../../bench/report/summary.ts'
import { aMeasurement, disturbed } from './a-measurement.ts'

const measurements = [
  aMeasurement({ contender: 'velero', seconds: 100 }),
  aMeasurement({ seconds: 10 }),
  aMeasurement({ round: 2, seconds: 20, machine: disturbed }),
]
const titleOf = (name: string) => (name === 'velero' ? 'Velero <as "installed">' : 'Drydock')

describe('a plot', () => {
  const draw = (theme: 'light' | 'dark') => plotWorkload(summarize(measurements), { title: 'A & B', theme, titleOf })
  const widths = (svg: string) =>
    [...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="16"/g)].map(([, width]) => Number(width))

  it('draws rates to one scale, on which the fastest round fills the panel', () => {
    const svg = draw('light')
    const [velero = 0, drydock = 0] = widths(svg)
    expect(drydock / velero).toBeCloseTo(7.5, 1)
    expect(svg).toContain('>75.0</text>')
    expect(svg).toContain('H770M')
  })

  it('puts the CPU of the processes end to end', () => {
    expect(draw('light')).toContain('x="440" y="160" width="330"')
  })

  it('has its own colours on a dark background, and the same shapes', () => {
    expect(draw('dark')).not.toContain('#1f2328')
    expect(widths(draw('dark'))).toEqual(widths(draw('light')))
  })

  it('is well-formed whatever the titles hold', () => {
    const svg = draw('light')
    expect(svg).toContain('<title>A &amp; B</title>')
    expect(svg).toContain('Velero &lt;as &quot;installed&quot;&gt;')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('the page', () => {
  const text = pageText(
    [
      {
        name: 'bulk5k',
        title: 'Many small items',
        part: { contenders: ['velero'], because: 'it takes too long' },
        measurements,
      },
    ],
    { titleOf, plots: 'performance', versions: 'etcd v3' },
  )

  it('shows plots for both backgrounds, the tables, and what was measured in part', () => {
    expect(text).toContain('srcset="performance/bulk5k-dark.svg"')
    expect(text).toContain('src="performance/bulk5k-light.svg"')
    expect(text).toContain('Velero <as "installed">: it takes too long.')
    expect(text).toContain('| Drydock | 2 (1 disturbed) | 1,000 |')
  })

  it('names the machine and says aloud that rounds were disturbed', () => {
    expect(text).toContain('2 processors; etcd v3')
    expect(text).toContain('**1 of 3 runs were disturbed:**')
  })
})
