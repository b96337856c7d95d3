import { unseenPattern } from './html.ts'

/**
 * What the page does in a browser: it shows the items, 200 at a time, those that match. It writes text alone, never HTML, so no
 * name can become a part of the page.
 */
export const pageScript = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const actions = data.actions
const size = 200
const at = (id) => document.getElementById(id)
const visible = (text) =>
  text.replace(/${unseenPattern}/g,
    (c) => '\\u{' + c.charCodeAt(0).toString(16) + '}')
const lower = data.items.map((item) => (data.namespaces[item[1]] + '/' + item[2]).toLowerCase())
let matches = []
let page = 0
function choose(select, words) {
  words.forEach((word, place) => {
    if (word === '') return
    const option = document.createElement('option')
    option.value = String(place)
    option.textContent = visible(word)
    select.append(option)
  })
}
function cell(row, text, isName) {
  const td = document.createElement('td')
  const inner = isName ? document.createElement('bdi') : td
  inner.textContent = visible(text)
  if (isName) td.append(inner)
  row.append(td)
  return td
}
function draw() {
  const rows = document.createDocumentFragment()
  for (const index of matches.slice(page * size, page * size + size)) {
    const [kind, namespace, name, action, seconds, tries, texts] = data.items[index]
    const row = document.createElement('tr')
    cell(row, data.kinds[kind], true)
    cell(row, data.namespaces[namespace], true)
    cell(row, name, true)
    cell(row, actions[action]).className = 'is-' + (actions[action] || 'none').replace(' ', '-')
    if (data.isTimed) cell(row, '+' + seconds + ' s')
    if (data.isTimed) cell(row, String(tries))
    cell(row, texts.join('\n'), true)
    rows.append(row)
  }
  at('rows').replaceChildren(rows)
  const pages = Math.max(1, Math.ceil(matches.length / size))
  at('found').textContent = matches.length + ' of ' + data.items.length + ' items match, page ' + (page + 1) + ' of ' + pages
  at('back').disabled = page === 0
  at('on').disabled = page >= pages - 1
}
function search() {
  const words = at('words').value.trim().toLowerCase()
  const [kind, namespace, action] = ['kind', 'namespace', 'action'].map((id) => at(id).value)
  matches = []
  data.items.forEach((item, index) => {
    if (kind !== '' && item[0] !== Number(kind)) return
    if (namespace !== '' && item[1] !== Number(namespace)) return
    if (action !== '' && item[3] !== action) return
    if (words !== '' && !lower[index].includes(words)) return
    matches.push(index)
  })
  page = 0
  draw()
}
choose(at('kind'), data.kinds)
choose(at('namespace'), data.namespaces)
for (const id of ['words', 'kind', 'namespace', 'action']) at(id).addEventListener('input', search)
at('back').addEventListener('click', () => { page--; draw() })
at('on').addEventListener('click', () => { page++; draw() })
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((one) => { one.open = true }))
search()
`

/** The hash of the script, as the page's policy names it: no other script may run. A test holds it. */
export const pageScriptHash = 'sha256-T1tE+aS4i8dNvB61u8VhS2trRh19Kgj91F7UfTXYxoM='
