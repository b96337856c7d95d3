/** The counts of a chunk in which so many items were created. */
export const shownCounts = (items: number, more: object = {}) => ({
  items,
  listed: items,
  created: items,
  updated: 0,
  skipped: 0,
  failed: 0,
  warnings: 0,
  errors: 0,
  ...more,
})
