/** The pages of docs/api, from the docstrings in the source. `npm run docs` writes them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describedAs, type Member, type PublicName, publicNames } from "./api-names.ts";
import { examplePages } from "./examples.ts";

/** A public name with the other names it can be reached by. */
export interface Entry extends PublicName {
  readonly aliases: readonly string[];
  readonly module: string;
}

interface Group {
  readonly page: string;
  readonly title: string;
  readonly intro: string;
  /** The page of docs/ with shapes, formulas and examples of all of it, where there is one. */
  readonly guide?: string;
  /** Which files its names are declared in. */
  readonly files: RegExp;
}

/** The first group whose pattern fits a file has its names. */
const groups: readonly Group[] = [
  {
    page: "weights.md",
    guide: "weights.md",
    title: "Initializers, regularizers, constraints",
    intro: "What weights begin with, what they cost, and what they must keep. Wrong arguments throw `argument`.",
    files: /^src\/layers\/(initializers|regularizers|constraints)/,
  },
  {
    page: "own-code.md",
    guide: "own-code.md",
    title: "Layers of your own",
    intro: "The base of all layers, symbolic tensors, and rules that tell the type checker what becomes of shapes.",
    files: /^src\/(layers\/(layer|rule)|core\/shape-types|graph\/)/,
  },
  {
    page: "layers.md",
    title: "Layers",
    intro:
      "Functions that make layers, their options, and the layers. All throw a `RhytonError`: `argument` for a value that is not allowed and `unknown-name` for an option or a name that there is not when they are made, `shape` when they are called on a shape that does not suit.",
    files: /^src\/layers\//,
  },
  {
    page: "losses.md",
    guide: "losses.md",
    title: "Losses",
    intro:
      '`import { losses } from "rhyton"`. Options that there are not throw `unknown-name`, wrong values `argument`, targets that do not suit `shape`.',
    files: /^src\/training\/loss/,
  },
  {
    page: "metrics.md",
    guide: "metrics.md",
    title: "Metrics",
    intro:
      '`import { metrics } from "rhyton"`. Options that there are not throw `unknown-name`, wrong values `argument`, targets that do not suit `shape`.',
    files: /^src\/training\/metric/,
  },
  {
    page: "optimizers.md",
    guide: "optimizers.md",
    title: "Optimizers and schedules",
    intro:
      "Rules that change weights, and learning rates that change with the steps. Wrong arguments throw `argument`.",
    files: /^src\/training\/(optimizer|schedule)/,
  },
  {
    page: "callbacks.md",
    guide: "callbacks.md",
    title: "Callbacks",
    intro: "What takes part in a training. Wrong arguments throw `argument`, files that cannot be written `file`.",
    files: /^src\/training\/callbacks/,
  },
  {
    page: "models.md",
    guide: "training.md",
    title: "Models, training, files",
    intro: "Making models, training and asking them, saving and loading.",
    files: /^src\/(training|saving(?!\/npz))\//,
  },
  {
    page: "ops.md",
    guide: "ops.md",
    title: "Ops",
    intro:
      '`import { ops } from "rhyton"`: functions under the names of `keras.ops` in camelCase, of tensors and of plain arrays; axes count the batch as 0. Shapes that do not suit throw `shape`, wrong arguments `argument`.',
    files: /^src\/(ops|functions)\//,
  },
  {
    page: "data.md",
    guide: "guide.md",
    title: "Arrays, data, errors",
    intro: "Arrays and their files, data sets, pictures, and the error that everything here throws.",
    files: /^src\/(core|data|saving\/npz)\b/,
  },
  {
    page: "more.md",
    title: "Devices, explaining, examining",
    intro: "Where programs run, what layers do to shapes, and whether a machine computes as it should.",
    files: /^/,
  },
];

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every public name once. */
export function entries(): Entry[] {
  const found = new Map<string, Entry>();
  for (const [module, names] of publicNames()) {
    for (const one of names) {
      const key = `${one.file} ${one.name.split(".").at(-1)}`;
      const before = found.get(key);
      if (before === undefined) found.set(key, { ...one, aliases: [], module });
      else {
        // A type is asked for by its short name; a function by the namespace that its page is about.
        const [name, alias] =
          one.kind === "type" && one.name.length < before.name.length
            ? [one.name, before.name]
            : [before.name, one.name];
        found.set(key, { ...before, name, aliases: [...before.aliases, alias] });
      }
    }
  }
  return [...found.values()];
}

const groupOf = ({ file }: PublicName): Group => groups.find(({ files }) => files.test(file)) as Group;
const anchorOf = (name: string): string => name.toLowerCase().replaceAll(/[^\w-]/g, "");
/** A cell of a table holds one line. */
const inCell = (text: string): string =>
  text
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll("|", "\\|")
    .trim();
/** The first sentence, for the index. */
const firstSentence = (text: string): string =>
  inCell(text.split("\n\n")[0])
    .replace(/^(.*?[.:])(\s.*)?$/, "$1")
    .replace(/:$/, ".");

/** The pages of docs/ that tell of a name: those that have it in a table, tables of arguments aside. */
function guides(): (name: string) => string[] {
  const read = examplePages(root).map((page) => {
    const text = readFileSync(`${root}${page}`, "utf8");
    const tables = (text.match(/(?:^\|.*\n)+/gm) ?? []).filter(
      (table) => /^\| (Here|Name) \|/.test(table) && !/ Default \|/.test(table),
    );
    return { page: page.slice("docs/".length), title: /^# (.*)$/m.exec(text)?.[1] ?? page, tables: tables.join("") };
  });
  return (name) => {
    const called = new RegExp(`\`(new |await )?${name.replace(".", "\\.")}(\\(|\`)`);
    return read.filter(({ tables }) => called.test(tables)).map(({ page, title }) => `[${title}](../${page})`);
  };
}

const memberRow = ({ name, type, isOptional, description }: Member): string =>
  `| \`${name}${isOptional ? "?" : ""}\` | \`${inCell(type)}\` | ${inCell(description)} |`;

const tableOf = (members: readonly Member[]): string =>
  ["| | Type | |", "|---|---|---|", ...members.map(memberRow)].join("\n");

/** The options of a function: where they have a public name a link, a table otherwise. */
function optionsOf({ options }: Entry, named: ReadonlyMap<string, Entry>): string {
  if (options === undefined || options.members.length === 0) return "";
  const known = named.get(options.type);
  if (known === undefined) return `Options:\n\n${tableOf(options.members)}`;
  return `Options: [\`${known.name}\`](${groupOf(known).page}#${anchorOf(known.name)}).`;
}

/** Public types by their names; and by what they stand for, where that is made of other types and has no name itself. */
function namedTypes(all: readonly Entry[]): ReadonlyMap<string, Entry> {
  const types = all.filter(({ kind }) => kind === "type");
  return new Map(
    types.flatMap((entry) => {
      const name = entry.name.split(".").at(-1) as string;
      const made = /^type \w+ = (\w+<[\w<>]+>)$/.exec(entry.signatures[0])?.[1];
      return [name, made].flatMap((key): [string, Entry][] => (key === undefined ? [] : [[key, entry]]));
    }),
  );
}

function section(entry: Entry, told: readonly string[], named: ReadonlyMap<string, Entry>): string {
  const parts = [`## \`${entry.name}\``, ["```ts", ...entry.signatures, "```"].join("\n"), entry.description];
  if (entry.module !== "rhyton") parts.push(`From \`${entry.module}\`.`);
  if (entry.aliases.length > 0)
    parts.push(`Also exported as ${entry.aliases.map((name) => `\`${name}\``).join(", ")}.`);
  if (entry.parameters.length > 0) parts.push(entry.parameters.map((one) => `- ${describedAs(one)}`).join("\n"));
  if (entry.returns !== "") parts.push(`**Returns** ${entry.returns}`);
  parts.push(...entry.throws.map((text) => `**Throws** ${text}`));
  // Of a class what is told of: hooks and arguments that became properties tell of themselves.
  const members =
    entry.kind === "class" ? entry.members.filter(({ description }) => description !== "") : entry.members;
  parts.push(optionsOf(entry, named));
  if (members.length > 0) parts.push(tableOf(members));
  parts.push(...entry.examples.map((text) => (text.includes("```") ? text : `\`\`\`ts\n${text}\n\`\`\``)));
  if (told.length > 0) parts.push(`Shapes, formulas and examples: ${told.join(", ")}.`);
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Functions first, then what they make and take; each by name. */
const order = { function: 0, value: 1, class: 2, type: 3 } as const;
const inOrder = (a: Entry, b: Entry): number => order[a.kind] - order[b.kind] || (a.name < b.name ? -1 : 1);

/** Every page by its name in docs/api. */
export function apiPages(all: readonly Entry[] = entries()): ReadonlyMap<string, string> {
  const tellers = guides();
  const named = namedTypes(all);
  const pages = new Map<string, string>();
  const index = [
    "# API reference",
    "Every public name, from the docstrings in the source. `npm run docs` writes these pages; the tests check that they are current. Type parameters stand here as what they may be; the editor shows what they do to shapes.",
  ];
  for (const group of groups) {
    const own = all.filter((entry) => groupOf(entry) === group).sort(inOrder);
    if (own.length === 0) continue;
    const sections = own.map((entry) => section(entry, tellers(entry.name), named));
    const guide =
      group.guide === undefined ? [] : [`Shapes, formulas and examples: [docs/${group.guide}](../${group.guide}).`];
    pages.set(group.page, `${[`# ${group.title}`, group.intro, ...guide, ...sections].join("\n\n")}\n`);
    const rows = own.map(
      ({ name, description }) => `| [\`${name}\`](${group.page}#${anchorOf(name)}) | ${firstSentence(description)} |`,
    );
    index.push(`## [${group.title}](${group.page})`, ["| | |", "|---|---|", ...rows].join("\n"));
  }
  pages.set("README.md", `${index.join("\n\n")}\n`);
  return pages;
}
