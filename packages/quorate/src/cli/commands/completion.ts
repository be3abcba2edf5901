import type { Command } from "commander";
import { usage } from "../exit.ts";
import { described } from "../session.ts";
import type { Terminal } from "../terminal.ts";

type Words = ReadonlyMap<string, readonly string[]>;

/** Scripts that complete commands and options; made from the commands themselves, so they cannot fall behind. */
export function completionCommand(terminal: Terminal, root: () => Command): Command {
  return described("completion", "completion for bash, zsh or fish", [
    "completion bash > /etc/bash_completion.d/quorate",
    "completion zsh > ~/.zfunc/_quorate",
    "completion fish > ~/.config/fish/completions/quorate.fish",
  ])
    .argument("<shell>", "bash, zsh or fish")
    .action((shell: string) => {
      const script = SCRIPTS[shell];
      if (script === undefined)
        throw usage(`there is no completion for ${shell}: bash, zsh or fish`);
      terminal.out(script(wordsOf(root(), "")));
    });
}

/** By the commands typed so far ("", "member", "member list"): what may follow. */
function wordsOf(command: Command, path: string): Words {
  const own = [
    ...command.commands.map((child) => child.name()),
    ...command.options.map((option) => option.long ?? "").filter((flag) => flag !== ""),
    "--help",
  ];
  const below = command.commands.flatMap((child) => [
    ...wordsOf(child, `${path} ${child.name()}`.trim()),
  ]);
  return new Map([[path, own], ...below]);
}

function bash(words: Words): string {
  const cases = [...words].map(([path, own]) => `    "${path}") words="${own.join(" ")}" ;;`);
  return `# completion of quorate for bash
_quorate() {
  local words path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    case "|${[...words.keys()].join("|")}|" in
      *"|\${path:+$path }$word|"*) path="\${path:+$path }$word" ;;
      *) break ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _quorate quorate
`;
}

/** zsh reads bash's completions. */
function zsh(words: Words): string {
  return `#compdef quorate\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;
}

function fish(words: Words): string {
  const lines = [...words].flatMap(([path, own]) => {
    const typed = path.split(" ").filter((word) => word !== "");
    const seen = typed.map((word) => `__fish_seen_subcommand_from ${word}`);
    const condition = seen.length === 0 ? "__fish_use_subcommand" : seen.join("; and ");
    return own.map((word) =>
      word.startsWith("--")
        ? `complete -c quorate -n '${condition}' -l ${word.slice(2)}`
        : `complete -c quorate -f -n '${condition}' -a ${word}`,
    );
  });
  return `# completion of quorate for fish\n${lines.join("\n")}\n`;
}

const SCRIPTS: Readonly<Record<string, (words: Words) => string>> = { bash, zsh, fish };
