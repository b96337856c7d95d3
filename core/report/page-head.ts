import { escapeHtml } from './html.ts'
import { pageStyle } from './page-style.ts'

/**
 * A page of HTML up to its body. Nothing is loaded from anywhere, and no script runs but the one with `scriptHash`, such as
 * `sha256-…`. The title is plain text.
 */
export function pageHead({ title, scriptHash }: { title: string; scriptHash?: string }): string {
  const script = scriptHash === undefined ? '' : `; script-src '${scriptHash}'`
  const policy = `default-src 'none'; style-src 'unsafe-inline'${script}; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
`
}
