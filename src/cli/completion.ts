/** `rhyton completion`: scripts that let a shell complete commands, options and their values, made from the program itself. */
import type { Argument, Command, Option } from "commander";
import { choiceArgument } from "./options.ts";
import { answer, example } from "./program.ts";

/** What may stand in a place: words, and paths. */
interface Values {
  readonly words: readonly string[];
  /** Folders, and files whose name ends so; several with commas between where `isList`. Nothing where no path may stand. */
  readonly paths: { readonly ending: string; readonly isList?: boolean } | "folders" | undefined;
}

/** Paths by the word that stands for them: `--out <folder>`. */
const pathsFor: Readonly<Record<string, Values["paths"]>> = {
  model: { ending: ".keras" },
  file: { ending: "" },
  set: { ending: ".npy", isList: true },
  folder: "folders",
};

/** What an option or argument takes. */
function valuesOf(place: Option | Argument): Values {
  const word = "flags" in place ? /[<[](\w+)/.exec(place.flags)?.[1] : place.name();
  return { words: place.argChoices ?? [], paths: word === undefined ? undefined : pathsFor[word] };
}

interface Described {
  readonly name: string;
  /** In short: up to the first full stop or bracket. */
  readonly description: string;
}

interface CommandWords extends Described {
  /** In order; what comes after the last is not known. */
  readonly places: readonly Values[];
  readonly options: readonly (Described & { readonly values: Values | undefined })[];
}

const brief = (text: string): string => /^[^.;(]*/.exec(text)?.[0].trim() ?? "";

/** Everything that can be typed. */
function wordsOf(program: Command): CommandWords[] {
  const helper = program.createHelp();
  return helper.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.summary() || brief(command.description()),
    places:
      command.name() === "help"
        ? [{ words: program.commands.map((c) => c.name()), paths: undefined }]
        : command.registeredArguments.map(valuesOf),
    options: [...helper.visibleOptions(command), ...program.options].flatMap((option) => {
      // The version is that of the program.
      if (option.long === undefined || option.long === null || option.long === "--version") return [];
      const values = option.required || option.optional ? valuesOf(option) : undefined;
      return [{ name: option.long, description: brief(option.description), values }];
    }),
  }));
}

const programOptions = ["--help", "--version"];

// ---- bash ---------------------------------------------------------------------------------------------------------

function bash(commands: readonly CommandWords[]): string {
  const list = (words: readonly string[]): string => `words '${words.join(" ")}'`;
  const offer = ({ words, paths }: Values): string => {
    const own = words.length > 0 || paths === undefined ? [list(words)] : [];
    if (paths === "folders") return [...own, "files /"].join("; __rhyton_");
    if (paths === undefined) return own.join();
    return [...own, `${paths.isList ? "lists" : "files"} '*${paths.ending}'`].join("; __rhyton_");
  };
  const afterOption = commands.flatMap((c) =>
    c.options.flatMap(({ name, values }) => (values === undefined ? [] : [[`'${c.name} ${name}'`, offer(values)]])),
  );
  const elsewhere = commands.flatMap((c) => [
    [`'${c.name} -'*`, list(c.options.map((o) => o.name))],
    ...c.places.slice(0, 1).map((values) => [`'${c.name} '*`, offer(values)]),
  ]);
  const names = commands.map((c) => c.name);
  const cases = (rows: readonly (readonly string[])[], end: string): string =>
    rows.map(([pattern, action]) => `    ${pattern}) __rhyton_${action}${end} ;;`).join("\n");
  return `# Completion of rhyton for bash. For this shell: eval "$(rhyton completion bash)". For all: put that into ~/.bashrc.
__rhyton_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
__rhyton_files() {
  compopt -o filenames 2>/dev/null
  local file
  while IFS= read -r file; do
    if [[ -d $file || $file == $1 ]]; then COMPREPLY+=("$file"); fi
  done < <(compgen -f -- "$current")
}
__rhyton_lists() {
  # Of x.npy,y.npy the last one.
  local before=''
  if [[ $current == *,* ]]; then before=\${current%,*},; current=\${current##*,}; fi
  __rhyton_files "$1"
  COMPREPLY=("\${COMPREPLY[@]/#/$before}")
}
_rhyton() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command='' word
  COMPREPLY=()
  # --stage=kernels arrives as three words.
  if [[ $current == = ]]; then current=''
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case $word in ${names.join("|")}) command=$word; break ;; esac
  done
  case "$command $before" in
${cases(afterOption, "; return")}
  esac
  case "$command $current" in
    ' '*) __rhyton_${list([...names, ...programOptions])} ;;
${cases(elsewhere, "")}
  esac
}
complete -F _rhyton rhyton
`;
}

// ---- zsh ----------------------------------------------------------------------------------------------------------

function zsh(commands: readonly CommandWords[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const safe = (text: string): string => text.replace(/[[\]:]/g, " ");
  const action = ({ words, paths }: Values): string => {
    const files = paths === "folders" ? "_files -/" : paths && `_files -g "*${paths.ending}"`;
    if (files === undefined) return words.length > 0 ? `:value:(${words.join(" ")})` : ":value: ";
    return words.length > 0 ? `:value:{compadd ${words.join(" ")}; ${files}}` : `:path:${files}`;
  };
  const spec = ({ name, description, values }: CommandWords["options"][number]): string =>
    quote(`${name}[${safe(description)}]${values === undefined ? "" : action(values)}`);
  const branches = commands.map((c) => {
    const places = c.places.map((values, i) => quote(`${i + 1}${action(values)}`));
    return `    ${c.name}) _arguments ${[...c.options.map(spec), ...places].join(" ")} ;;`;
  });
  const names = commands.map((c) => quote(`${c.name}:${safe(c.description)}`));
  return `#compdef rhyton
# Completion of rhyton for zsh. For this shell: source <(rhyton completion zsh), after compinit.
_rhyton() {
  local -a names
  names=(${names.join(" ")})
  if (( CURRENT == 2 )); then
    _describe command names
    compadd -- ${programOptions.join(" ")}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT -= 1 ))
  case $command in
${branches.join("\n")}
  esac
}
compdef _rhyton rhyton
`;
}

// ---- fish ---------------------------------------------------------------------------------------------------------

function fish(commands: readonly CommandWords[]): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const offer = ({ words, paths }: Values): string => {
    const own = words.length > 0 ? ` -a ${quote(words.join(" "))}` : "";
    if (paths === undefined) return ` -x${own}`;
    return paths === "folders" ? " -x -a '(__fish_complete_directories)'" : ` -r -F${own}`;
  };
  const lines = commands.flatMap((c) => {
    const within = `complete -c rhyton -n '__fish_seen_subcommand_from ${c.name}'`;
    const options = c.options.map(
      (o) => `${within} -l ${o.name.slice(2)} -d ${quote(o.description)}${o.values ? offer(o.values) : ""}`,
    );
    const places = c.places.map(({ words, paths }) =>
      paths === undefined ? `${within} -a ${quote(words.join(" "))}` : `${within} -F`,
    );
    return [
      `complete -c rhyton -n __fish_use_subcommand -a ${c.name} -d ${quote(c.description)}`,
      ...options,
      ...places,
    ];
  });
  const own = programOptions.map((name) => `complete -c rhyton -n __fish_use_subcommand -l ${name.slice(2)}`);
  return `# Completion of rhyton for fish. To keep it: rhyton completion fish > ~/.config/fish/completions/rhyton.fish
complete -c rhyton -f
${[...own, ...lines].join("\n")}
`;
}

const shells: Readonly<Record<string, (commands: readonly CommandWords[]) => string>> = { bash, zsh, fish };

/** Adds `rhyton completion`; its script knows the commands of the program at the time when it is asked for. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .summary("print a script for the completion of a shell")
    .description("Print a script that makes a shell complete commands, options and values.")
    .addArgument(choiceArgument("<shell>", "which shell", Object.keys(shells)))
    .addHelpText(
      "after",
      "\nPut the line of your shell into the file that it reads when it starts, after `npm install --global rhyton`:\n" +
        '  ~/.bashrc                   eval "$(rhyton completion bash)"\n' +
        "  ~/.zshrc, after compinit    source <(rhyton completion zsh)\n" +
        "  ~/.config/fish/config.fish  rhyton completion fish | source\n" +
        example("rhyton completion bash", "rhyton completion fish > ~/.config/fish/completions/rhyton.fish"),
    )
    .action((shell: string, _: object, command: Command) => {
      const script = shells[shell](wordsOf(program));
      answer(command, { shell, script }, script);
    });
}
