import { escapeHtml } from './html.ts'

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

/** How the page looks: light and dark by the reader's setting, and black on white in print. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --line: #d0d7de; --mark: #0969da;
  --good: #1a7f37; --warn: #7d4e00; --bad: #b3261e; --shade: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --paper: #0d1117; --line: #30363d;
  --mark: #6cb0ff; --good: #56d364; --warn: #e3b341; --bad: #ff8e86; --shade: #161b22; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem 1.5rem 4rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; margin: 1rem 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
a { color: var(--mark); }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.verdict { font-size: 1.1rem; border-left: .4rem solid var(--soft); padding: .4rem .8rem; background: var(--shade); overflow-wrap: anywhere; }
.Completed { border-color: var(--good); } .PartiallyFailed { border-color: var(--warn); } .Failed, .FailedValidation { border-color: var(--bad); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--soft); padding: .2rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; white-space: pre-wrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.word { white-space: nowrap; overflow-wrap: normal; }
.bar { display: block; height: .7rem; min-width: 2px; background: var(--mark); border-radius: 2px; }
.is-created, .is-updated, .is-deleted, .is-put-back { color: var(--good); } .is-failed { color: var(--bad); font-weight: 600; } .is-skipped, .is-gone-before { color: var(--soft); } .is-kept { color: var(--warn); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; background: var(--shade); }
summary { cursor: pointer; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; margin: .5rem 0; }
.search { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin: .6rem 0; }
label { display: flex; flex-direction: column; font-size: .85rem; color: var(--soft); }
input, select, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 4px; padding: .25rem .5rem; max-width: 22rem; }
button:disabled { opacity: .5; }
.soft { color: var(--soft); }
@media print { :root { --ink: #000; --soft: #333; --paper: #fff; --line: #999; --shade: #fff; } nav, .search, .pager button, .skip { display: none; } body { max-width: none; padding: 0; } tr, details { break-inside: avoid; } }
`
