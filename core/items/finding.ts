/** What a preview found out about an item, beside what its outcome says. */
export interface Finding {
  /** An object stands at its place. */
  stands?: true
  /** That object would be deleted, and the item created in its place. */
  recreates?: true
  /** The server refused to change that object. */
  refused?: true
  /** The fields that a change would set: their paths, never their values. */
  fields?: readonly string[]
  /** What the item needs does not exist yet, and this restore would make it: the server was not asked about the rest. */
  dependsOn?: string
  /** Why the server could not be asked by a dry run. */
  unasked?: string
  /** The cluster does not serve its kind, and the restore does not bring it. */
  kindMissing?: true
}
