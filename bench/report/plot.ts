import { roles } from '../measurement.ts'
import type { Role } from '../measurement.ts'
import { roleTitles } from './columns.ts'
import type { Summary } from './summary.ts'

/** For which background a plot is drawn. */
export type Theme = 'light' | 'dark'

interface Colours {
  text: string
  quiet: string
  line: string
  /** Bars of Drydock, and of the others. */
  own: string
  other: string
  byRole: Record<Role, string>
}

/** Chosen so that people who do not see all colours can tell neighbours apart (Okabe and Ito). */
const coloursOf: Readonly<Record<Theme, Colours>> = {
  light: {
    text: '#1f2328',
    quiet: '#59636e',
    line: '#d1d9e0',
    own: '#0072b2',
    other: '#a3adb8',
    byRole: { restorer: '#0072b2', apiServer: '#e69f00', etcd: '#009e73', temporal: '#cc79a7', bucket: '#59636e' },
  },
  dark: {
    text: '#f0f6fc',
    quiet: '#9198a1',
    line: '#3d444d',
    own: '#56b4e9',
    other: '#656c76',
    byRole: { restorer: '#56b4e9', apiServer: '#e69f00', etcd: '#2fbf8f', temporal: '#cc79a7', bucket: '#c9d1d9' },
  },
}

const width = 860
const labelWidth = 220
const barsEnd = width - 90
const rowHeight = 28
const barHeight = 16
const panelHead = 40

/**
 * Draws the summaries of one workload: the rate of each contender with its smallest and largest round, and below it the CPU per item by
 * process. Returns an SVG of its own, with no script and no font but those of the reader.
 */
export function plotWorkload(
  summaries: readonly Summary[],
  options: { title: string; theme: Theme; titleOf: (contender: string) => string },
): string {
  const colours = coloursOf[options.theme]
  const rows = summaries.map((summary) => ({ summary, title: options.titleOf(summary.contender) }))
  const panelHeight = panelHead + rows.length * rowHeight
  const costTop = panelHeight + 24
  const height = costTop + panelHeight + 36
  const body = [
    heading(
      'Items per second (more is better): median, and the line from the slowest to the fastest round',
      0,
      colours,
    ),
    ...rows.map((row, index) =>
      rateRow(row, { at: panelHead + index * rowHeight, scale: rateScale(summaries), colours }),
    ),
    heading('CPU per item in milliseconds, all processes (less is better): median', costTop, colours),
    ...rows.map((row, index) =>
      costRow(row, { at: costTop + panelHead + index * rowHeight, scale: costScale(summaries), colours }),
    ),
    legend(summaries, height - 14, colours),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
      `font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escapeXml(options.title)}</title>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

interface Row {
  summary: Summary
  title: string
}

interface Place {
  /** The top of the row. */
  at: number
  /** Pixels for one unit. */
  scale: number
  colours: Colours
}

function rateRow({ summary, title }: Row, { at, scale, colours }: Place): string {
  const { contender, itemsPerSecond } = summary
  const { median, min, max } = itemsPerSecond
  const isOwn = ['exact', 'owners', 'polite'].includes(contender)
  const middle = at + barHeight / 2
  const [from, to] = [labelWidth + min * scale, labelWidth + max * scale]
  return [
    label(title, at, colours),
    bar({ x: labelWidth, y: at, width: median * scale }, isOwn ? colours.own : colours.other),
    `<path d="M${px(from)} ${middle}H${px(to)}M${px(from)} ${middle - 4}v8M${px(to)} ${middle - 4}v8" stroke="${colours.text}" fill="none"/>`,
    value(median.toFixed(median < 100 ? 1 : 0), { x: labelWidth + Math.max(median, max) * scale, at, colours }),
  ].join('\n')
}

function costRow({ summary, title }: Row, { at, scale, colours }: Place): string {
  let x = labelWidth
  const bars = roles.map((role) => {
    const part = (summary.cpuMs[role] ?? 0) * scale
    const drawn = bar({ x, y: at, width: part }, colours.byRole[role])
    x += part
    return drawn
  })
  return [label(title, at, colours), ...bars, value(summary.cpuMsTotal.toFixed(2), { x, at, colours })].join('\n')
}

function rateScale(summaries: readonly Summary[]): number {
  return (barsEnd - labelWidth) / Math.max(...summaries.map(({ itemsPerSecond }) => itemsPerSecond.max))
}

/** The medians of the parts may add up to more than the median of the sums. */
function costScale(summaries: readonly Summary[]): number {
  const sums = summaries.map(({ cpuMs }) => Object.values(cpuMs).reduce((sum, one) => sum + one, 0))
  return (barsEnd - labelWidth) / Math.max(...sums)
}

function heading(text: string, top: number, { text: colour, line }: Colours): string {
  const drawn = `<text x="0" y="${top + 18}" fill="${colour}" font-weight="600">${escapeXml(text)}</text>`
  return `${drawn}\n<path d="M0 ${top + 28.5}H${width}" stroke="${line}"/>`
}

function label(text: string, at: number, { text: colour }: Colours): string {
  return `<text x="${labelWidth - 10}" y="${at + 13}" fill="${colour}" text-anchor="end">${escapeXml(text)}</text>`
}

function value(text: string, { x, at, colours }: { x: number; at: number; colours: Colours }): string {
  return `<text x="${px(x + 8)}" y="${at + 13}" fill="${colours.quiet}">${text}</text>`
}

function bar({ x, y, width: length }: { x: number; y: number; width: number }, colour: string): string {
  return `<rect x="${px(x)}" y="${y}" width="${px(length)}" height="${barHeight}" fill="${colour}"/>`
}

function legend(summaries: readonly Summary[], y: number, colours: Colours): string {
  const shown = roles.filter((role) => summaries.some(({ cpuMs }) => role in cpuMs))
  return shown
    .map((role, index) => {
      const x = labelWidth + index * 105
      const box = bar({ x, y: y - barHeight + 4, width: 12 }, colours.byRole[role])
      return `${box}\n<text x="${x + 18}" y="${y + 1}" fill="${colours.quiet}">${roleTitles[role]}</text>`
    })
    .join('\n')
}

const px = (value: number) => Number(value.toFixed(1))

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
