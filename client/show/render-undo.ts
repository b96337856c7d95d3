/** What of an undo is shown: numbers, and the first objects that it keeps. */
export interface ShownUndo {
  deleted: number
  putBack: number
  kept: number
  gone: number
  keptFirst: readonly { object: string; because: string }[]
}

/** What an undo has done, or would do, as text. */
export function renderUndo(name: string, undo: ShownUndo, { dryRun }: { dryRun: boolean }): string {
  const head = dryRun ? `An undo of restore "${name}" would` : `Restore "${name}" is undone:`
  const rows: [number, string][] = [
    [undo.deleted, dryRun ? 'delete objects that the restore created' : 'objects that the restore created are deleted'],
    [undo.putBack, dryRun ? 'put back objects that it changed' : 'objects that it changed are put back'],
    [undo.kept, dryRun ? 'keep objects' : 'objects are kept'],
    [undo.gone, dryRun ? 'find objects gone' : 'objects were gone before'],
  ]
  const width = Math.max(...rows.map(([count]) => String(count).length))
  const counts = rows.map(([count, text]) => `  ${String(count).padStart(width)}  ${text}`)
  const kept = undo.keptFirst.map(({ object, because }) => `  ${object}: ${because}`)
  const more = undo.kept > kept.length ? [`  … and ${undo.kept - kept.length} more`] : []
  return [head, ...counts, ...(kept.length === 0 ? [] : ['Kept:', ...kept, ...more])].join('\n')
}
