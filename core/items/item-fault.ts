/**
 * What a manifest has done to the program, in words for whoever reads the results: JavaScript's own words name no field as
 * a user knows it. Words that are not JavaScript's stay as they are, one line of them.
 */
export function faultInWords(thrown: unknown): string {
  const [first = ''] = String(thrown instanceof Error ? thrown.message : thrown).split('\n')
  if (thrown instanceof RangeError && first === 'Maximum call stack size exceeded') return 'it is nested too deep'
  const field = fieldIn(first)
  if (field !== undefined) return `there is null or nothing where Drydock looks for ${JSON.stringify(field)}`
  if (thrown instanceof TypeError || / is not (?:a function|iterable)\b/.test(first))
    return 'a field holds a value of another type than expected'
  return first
}

/** How V8 says that a field was looked for in null or in nothing. */
const lookedFor = [
  /^Cannot read propert(?:y|ies) of (?:null|undefined) \(reading '([^']*)'\)/,
  /^Cannot set propert(?:y|ies) of (?:null|undefined) \(setting '([^']*)'\)/,
  /^Cannot use 'in' operator to search for '([^']*)' in /,
  /^Cannot destructure property '([^']*)' of /,
]

function fieldIn(words: string): string | undefined {
  for (const form of lookedFor) {
    const found = form.exec(words)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
