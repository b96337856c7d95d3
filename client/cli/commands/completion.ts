import { Argument } from 'commander'
import type { Command } from 'commander'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { namesOf } from '../../api/velero-objects.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

const examples = `
Examples:
  eval "$(drydock completion bash)"
  source <(drydock completion zsh)
  drydock completion fish | source`

const namedResources = ['restores', 'backups', 'schedules'] as const

type NamedResource = (typeof namedResources)[number]

/** Adds `completion`, and the hidden command that its scripts ask for names. */
export function addCompletion(program: Command, run: RunCommand): void {
  program
    .command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', examples)
    .action((shell: Shell) =>
      run(async (io) => {
        io.out.write(completionScript(program, shell))
        return exitCodes.ok
      }),
    )
  const names = program
    .command(namesCommand, { hidden: true })
    .addArgument(new Argument('<resource>').choices(namedResources))
    .action((resource: NamedResource) => run((io) => printNames(io, names.optsWithGlobals<GlobalOptions>(), resource)))
}

async function printNames(io: Io, options: GlobalOptions, resource: NamedResource): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    for (const name of await namesOf(connections, resource)) io.out.write(`${name}\n`)
    return exitCodes.ok
  })
}

/** Shells that there is a completion script for. */
export const shells = ['bash', 'zsh', 'fish'] as const

/** One of them. */
export type Shell = (typeof shells)[number]

interface Word {
  name: string
  help: string
}

interface CommandWords extends Word {
  options: Word[]
  /** What may follow: names of commands, or a fixed choice. */
  words: Word[]
  takesRestore: boolean
}

/** The completion script for a shell. It is made from the program itself, so it has every command and option. */
export function completionScript(program: Command, shell: Shell): string {
  const shown = new Set(program.createHelp().visibleCommands(program))
  const commands = program.commands.filter((command) => shown.has(command)).map((command) => wordsOf(program, command))
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    case 'fish':
      return fish(commands)
  }
}

/** The command that the scripts ask for names; the help does not show it. */
const namesCommand = 'names'

function wordsOf(program: Command, command: Command): CommandWords {
  // Of a group such as `restore` those of its commands.
  const own = [command, ...command.commands].flatMap(({ options }) => options)
  const shown = [...own, ...program.options].filter(({ long, hidden }) => long !== undefined && !hidden)
  const helps = new Map(shown.map(({ long = '', description }) => [long, description]))
  const [argument] = command.registeredArguments
  return {
    name: command.name(),
    help: command.description(),
    options: [...helps].map(([name, help]) => ({ name, help })),
    words: [
      ...command.commands.map((child) => ({ name: child.name(), help: child.description() })),
      ...(argument?.argChoices ?? []).map((name) => ({ name, help: '' })),
    ],
    takesRestore: [command, ...command.commands].some(namesRestores),
  }
}

/** The name in `start` is that of a new Restore, and may be absent. */
function namesRestores({ registeredArguments: [argument] }: Command): boolean {
  return argument?.name() === 'names' || (argument?.required === true && argument.name() === 'name')
}

const join = (words: readonly Word[]) => words.map(({ name }) => name).join(' ')

function bash(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, options, words, takesRestore }) => {
    const names = takesRestore ? ` $(drydock ${namesCommand} restores 2>/dev/null)` : ''
    return `    ${name}) words="${join(options)} ${join(words)}${names}" ;;`
  })
  return `# drydock completion for bash: eval "$(drydock completion bash)"
_drydock() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words word command=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${join(commands)} " in *" $word "*) command="$word"; break ;; esac
  done
  COMPREPLY=()
  case "$previous" in
    --from-backup) COMPREPLY=($(compgen -W "$(drydock ${namesCommand} backups 2>/dev/null)" -- "$current")); return ;;
    --from-schedule) COMPREPLY=($(compgen -W "$(drydock ${namesCommand} schedules 2>/dev/null)" -- "$current")); return ;;
    --output|-o|--result) COMPREPLY=($(compgen -W "table json yaml" -- "$current")); return ;;
    --existing-resource-policy) COMPREPLY=($(compgen -W "none update" -- "$current")); return ;;
    --file|--hooks-file|--kubeconfig) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$command" in
${cases.join('\n')}
    *) words="${join(commands)}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _drydock drydock
`
}

function zsh(commands: readonly CommandWords[]): string {
  const described = (words: readonly Word[]) => words.map(({ name, help }) => quote(`${name}:${help}`)).join(' ')
  const cases = commands.map(({ name, options, words, takesRestore }) => {
    const names = takesRestore ? `; compadd -- \${(f)"$(drydock ${namesCommand} restores 2>/dev/null)"}` : ''
    return `    ${name}) candidates=(${described([...words, ...options])}); _describe drydock candidates${names} ;;`
  })
  return `#compdef drydock
# drydock completion for zsh: source <(drydock completion zsh)
_drydock() {
  local -a commands candidates
  local word command=''
  commands=(${join(commands)})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if (( \${commands[(Ie)$word]} )); then command=$word; break; fi
  done
  case "\${words[CURRENT-1]}" in
    --from-backup) compadd -- \${(f)"$(drydock ${namesCommand} backups 2>/dev/null)"}; return ;;
    --from-schedule) compadd -- \${(f)"$(drydock ${namesCommand} schedules 2>/dev/null)"}; return ;;
    --output|-o|--result) compadd table json yaml; return ;;
    --existing-resource-policy) compadd none update; return ;;
    --file|--hooks-file|--kubeconfig) _files; return ;;
  esac
  case "$command" in
${cases.join('\n')}
    *) candidates=(${described(commands)}); _describe drydock candidates ;;
  esac
}
compdef _drydock drydock
`
}

function fish(commands: readonly CommandWords[]): string {
  const inCommand = (name: string) => quote(`__fish_seen_subcommand_from ${name}`)
  const lines = commands.flatMap(({ name, help, options, words, takesRestore }) => [
    `complete -c drydock -f -n __fish_use_subcommand -a ${name} -d ${quote(help)}`,
    ...options.map((option) => fishOption(inCommand(name), option)),
    ...words.map((word) => `complete -c drydock -f -n ${inCommand(name)} -a ${word.name} -d ${quote(word.help)}`),
    ...(takesRestore
      ? [`complete -c drydock -f -n ${inCommand(name)} -a '(drydock ${namesCommand} restores 2>/dev/null)'`]
      : []),
  ])
  return `# drydock completion for fish: drydock completion fish | source\n${lines.join('\n')}\n`
}

const fishArguments: Readonly<Record<string, string>> = {
  '--from-backup': `-x -a '(drydock ${namesCommand} backups 2>/dev/null)'`,
  '--from-schedule': `-x -a '(drydock ${namesCommand} schedules 2>/dev/null)'`,
  '--output': "-x -a 'table json yaml'",
  '--result': "-x -a 'table json yaml'",
  '--existing-resource-policy': "-x -a 'none update'",
  '--file': '-r -F',
  '--hooks-file': '-r -F',
  '--kubeconfig': '-r -F',
}

function fishOption(condition: string, { name, help }: Word): string {
  const takes = fishArguments[name]
  return `complete -c drydock -n ${condition} -l ${name.slice(2)} -d ${quote(help)}${takes === undefined ? '' : ` ${takes}`}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
