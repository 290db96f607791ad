import type { ProgramDescription, SettingDescription } from './describe.ts'
import { CommandError } from './errors.ts'

/** The word by which the scripts below ask for what may follow. */
export const askWord = '--complete-words'

const scripts = {
  bash: (name: string, id: string) => `# ${name} completion: ${name} completion bash >> ~/.bashrc
_${id}() {
  mapfile -t COMPREPLY < <(${name} ${askWord} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _${id} ${name}`,
  zsh: (name: string, id: string) => `#compdef ${name}
# ${name} completion: ${name} completion zsh > "\${fpath[1]}/_${name}"
_${id}() {
  local -a found
  found=("\${(@f)$(${name} ${askWord} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n $found ]] && compadd -- $found || _files
}
compdef _${id} ${name}`,
} as const

/** The script of a shell; bash when none is named. @throws CommandError USAGE */
export function completionScript(program: string, words: readonly string[]): string {
  const [shell = 'bash', ...more] = words
  if ((shell !== 'bash' && shell !== 'zsh') || more.length > 0) {
    throw new CommandError('USAGE', 'say for which shell: completion bash, or completion zsh')
  }
  return scripts[shell](program, program.replaceAll(/[^a-z0-9]/g, '_'))
}

/** What the last word may become: commands, the flags of a command, the values of a flag or an argument. */
export function completions({ commands }: ProgramDescription, words: readonly string[]): readonly string[] {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const plain = before.filter((word) => !word.startsWith('-'))
  const starts = (known: readonly string[]): readonly string[] => known.filter((word) => word.startsWith(last))
  const found = commands.find(({ name }) => name.split(' ').every((word, at) => word === (plain[at] ?? '')))
  if (found === undefined) {
    const below = commands
      .map(({ name }) => name.split(' '))
      .filter((name) => plain.every((word, at) => name[at] === word))
    const next = below.flatMap((name) => name[plain.length] ?? [])
    return starts([...new Set(plain.length === 0 ? [...next, 'completion'] : next)])
  }
  const takesValue = found.settings.find((setting) => setting.value !== null && isNamed(setting, before.at(-1) ?? ''))
  if (takesValue !== undefined) return starts(takesValue.choices ?? [])
  if (last.startsWith('-'))
    return starts(found.settings.flatMap(({ name, isArgument }) => (isArgument ? [] : (name ?? []))))
  return starts(found.settings.flatMap(({ isArgument, choices }) => (isArgument ? (choices ?? []) : [])))
}

const isNamed = ({ name, also }: SettingDescription, word: string): boolean => word === name || also.includes(word)
