import { undoneAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import { renderTable } from './render-table.ts'

/** Columns of a table of Restores beside those that it always has. */
export interface RestoreColumns {
  /** Keys of labels, each for a column of its own. */
  labelColumns?: readonly string[]
  /** A last column with all labels. */
  showLabels?: boolean
}

/** A table of Restores, with the columns for labels at the right as kubectl has them; `width` is that of the terminal. */
export function restoreTable(
  restores: readonly Restore[],
  { labelColumns = [], showLabels = false }: RestoreColumns = {},
  width?: number,
): string {
  const titles = labelColumns.map((key) => key.slice(key.lastIndexOf('/') + 1).toUpperCase())
  const rows = restores.map((restore) => {
    const { labels = {} } = restore.metadata
    const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    const last = showLabels ? [all.length === 0 ? '<none>' : all.join(',')] : []
    return [...rowOf(restore), ...labelColumns.map((key) => labels[key] ?? ''), ...last]
  })
  return renderTable([...head, ...titles, ...(showLabels ? ['LABELS'] : [])], rows, width)
}

const head = ['NAME', 'PHASE', 'BACKUP', 'ITEMS', 'ERRORS', 'WARNINGS', 'CREATED', 'COMPLETED']

/** How far the undo of a restore has come, by the first word of its annotation. */
const undoWords: Readonly<Record<string, string>> = {
  begun: ' (being undone)',
  stopped: ' (undone in part)',
  done: ' (undone)',
}

function rowOf({ metadata, spec, status = {} }: Restore): string[] {
  const { progress = {} } = status
  const deleting = metadata.deletionTimestamp === undefined ? '' : ' (deleting)'
  const undone = undoWords[/^\w*/.exec(metadata.annotations?.[undoneAnnotation] ?? '')?.[0] ?? ''] ?? ''
  return [
    metadata.name,
    `${status.phase || 'New'}${undone}${deleting}`,
    spec.backupName || (spec.scheduleName ? `schedule ${spec.scheduleName}` : ''),
    progress.totalItems === undefined ? '' : `${progress.itemsRestored ?? 0}/${progress.totalItems}`,
    String(status.errors ?? 0),
    String(status.warnings ?? 0),
    metadata.creationTimestamp ?? '',
    status.completionTimestamp ?? '',
  ]
}
