const namePattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const valuePattern = `(${namePattern})?`
const subdomainPattern = String.raw`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`

const nameRule =
  `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ` +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePattern}')`
const valueRule =
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end ` +
  `with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${valuePattern}')`
const subdomainRule =
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end ` +
  `with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomainPattern}')`

/** What is wrong with a label's key, in the words of Kubernetes; empty where nothing is. */
export function labelKeyFaults(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [`a qualified name ${nameRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  return [
    ...(parts.length === 2 ? prefixFaults(parts[0] ?? '').map((fault) => `prefix part ${fault}`) : []),
    ...nameFaults(name).map((fault) => `name part ${fault}`),
  ]
}

/** What is wrong with a label's value, likewise. */
export function labelValueFaults(value: string): string[] {
  return [...tooLong(value, 63), ...(matchesWhole(valuePattern, value) ? [] : [valueRule])]
}

function prefixFaults(prefix: string): string[] {
  if (prefix === '') return ['must be non-empty']
  return [...tooLong(prefix, 253), ...(matchesWhole(subdomainPattern, prefix) ? [] : [subdomainRule])]
}

function nameFaults(name: string): string[] {
  if (name === '') return ['must be non-empty', nameRule]
  return [...tooLong(name, 63), ...(matchesWhole(namePattern, name) ? [] : [nameRule])]
}

function tooLong(text: string, charactersMax: number): string[] {
  return text.length > charactersMax ? [`must be no more than ${charactersMax} characters`] : []
}

function matchesWhole(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(text)
}
