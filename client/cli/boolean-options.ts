import { InvalidArgumentError } from 'commander'
import type { Command, Option } from 'commander'
import { ClientError, exitCodes } from '../api/errors.ts'

/** `true` or `false`, in the spellings of Go's `strconv.ParseBool`. */
export function parseBoolean(text: string): boolean {
  if (['true', 'TRUE', 'True', 't', 'T', '1'].includes(text)) return true
  if (['false', 'FALSE', 'False', 'f', 'F', '0'].includes(text)) return false
  throw new InvalidArgumentError('It must be true or false.')
}

/**
 * Lets the boolean options of a program and of its commands take a value, as those of Velero's command line do: `--wait` is
 * true and `--wait=false` is false. The arguments must then go through `writeOutOptions`.
 */
export function takeBooleanValues(program: Command): void {
  for (const option of optionsOf(program).filter(isBoolean)) {
    option.optional = true
    if (option.parseArg === undefined) option.argParser(parseBoolean)
  }
}

/**
 * Rewrites what Go's command lines read in another way than Commander does: a boolean without a value becomes `--wait=true`, so
 * that the next word is not taken for its value, and `-o=yaml` becomes `--output=yaml`. Throws a `ClientError` about
 * `--wait false`, since Velero's command line would take "false" for a name.
 */
export function writeOutOptions(argv: readonly string[], program: Command): string[] {
  const options = optionsOf(program)
  const written: string[] = []
  const left = [...argv]
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--') return [...written, word, ...left]
    const { flag, rest } = cutWord(word)
    const option = options.find(({ long, short }) => flag === long || flag === short)
    if (option === undefined) written.push(word)
    else if (isBoolean(option)) written.push(writeOutBoolean(option, flag, rest, left))
    else if (rest.startsWith('=')) written.push(`${option.long ?? flag}${rest}`)
    else written.push(word, ...(rest === '' ? left.splice(0, 1) : []))
  }
  return written
}

/** `--output=yaml` is the flag `--output` and the rest `=yaml`; `-oyaml` is `-o` and `yaml`. */
function cutWord(word: string): { flag: string; rest: string } {
  const end = word.startsWith('--') ? word.indexOf('=') : 2
  return end < 0 ? { flag: word, rest: '' } : { flag: word.slice(0, end), rest: word.slice(end) }
}

/** Letters after a short boolean, as in `-wo yaml`, are put back to be read next. */
function writeOutBoolean(option: Option, flag: string, rest: string, left: string[]): string {
  const long = option.long ?? flag
  if (rest.startsWith('=')) return `${long}${rest}`
  if (rest !== '') left.unshift(`-${rest}`)
  else if (left[0] === 'true' || left[0] === 'false')
    throw new ClientError(exitCodes.usage, `write ${long}=${left[0]}, with "=": ${long} alone means true`)
  return `${long}=true`
}

function optionsOf(command: Command): Option[] {
  return [...command.options, ...command.commands.flatMap(optionsOf)]
}

function isBoolean(option: Option): boolean {
  return !option.required && option.name() !== 'version'
}
