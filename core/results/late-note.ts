const mark = '; results not stored: '

/** The reason of a restore whose result files are not there yet when its phase is written (rule 13). */
export function withLateNote(reason: string, why: string): string {
  return `${reason}${mark}${why}`
}

/** The reason once they are there. */
export function withoutLateNote(reason: string): string {
  const at = reason.lastIndexOf(mark)
  return at === -1 ? reason : reason.slice(0, at)
}
