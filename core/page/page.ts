/** Text that is safe inside HTML. It can only be made by {@link html} and {@link escaped}, so nothing goes in unescaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Characters that end an element or an attribute, and those that turn the direction of text: a hostile name has them. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const unsafe = /[&<>"'`]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A text for an element or an attribute. Control characters and marks of direction are shown as their code. */
export function escaped(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0)
    if ('&<>"\'`'.includes(character)) return `&#${code};`
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** A template of HTML: each value is escaped, unless it is HTML already or a list of such. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const between = values.map((value) => {
    if (value instanceof Html) return value.text
    if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
    return value.map(({ text }) => text).join('')
  })
  return new Html(parts.map((part, index) => part + (between[index] ?? '')).join(''))
}

/** One page that needs no network: light and dark by the reader's system, and in print black on white. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `.text
}

/** A table with a caption for screen readers; each row is a list of cells. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number | Html)[])[],
): Html {
  const cell = (value: string | number | Html) => html`<td>${value}</td>`
  return html`<table>
    <caption>
      ${caption}
    </caption>
    <thead>
      <tr>
        ${head.map((title) => html`<th scope="col">${title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map(cell)}
          </tr> `,
      )}
    </tbody>
  </table> `
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --soft: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --soft: #9198a1; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-top: 1px solid var(--line); }
td { overflow-wrap: anywhere; unicode-bidi: isolate; }
@media print { :root { --ink: #000; --paper: #fff; --line: #999; --soft: #333; } thead { display: table-header-group; } tr { break-inside: avoid; } }
`
