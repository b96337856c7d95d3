/** Characters that change what stands around them, or that nobody sees: controls, bidirectional marks, invisible spaces. A regular expression. */
export const unseenPattern = String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]`

const unseen = new RegExp(unseenPattern, 'g')

/** A text with what nobody sees in it made visible, as `\u{202e}`: names come from a backup, and may want to mislead. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text as HTML, for the content of an element or a quoted attribute: visible, escaped. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** A name of somebody else as HTML: its direction does not change what stands around it. */
export function nameHtml(text: string): string {
  return `<bdi>${escapeHtml(text)}</bdi>`
}

/** A piece of JSON as the content of a `<script type="application/json">`, which it cannot end. */
export function jsonForScript(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
