/** The examples of the pages: programs in ```ts, and after one what it prints, in ```text. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface Example {
  /** The page, from the root of the project. */
  readonly page: string;
  /** Counted from 0 on each page. */
  readonly place: number;
  readonly text: string;
  /** What the page says that it prints; undefined where the page does not say. */
  readonly printed: string | undefined;
}

const pattern = /```ts\n([\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```\n)?/g;

/** The pages under docs/ that hold programs. Those of docs/api hold signatures. */
export function examplePages(root: string): string[] {
  const all = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  return all
    .filter((name) => name.endsWith(".md") && !name.startsWith("api/"))
    .map((name) => relative(root, join(root, "docs", name)))
    .sort();
}

export const examplesOf = (root: string, page: string): Example[] =>
  [...readFileSync(join(root, page), "utf8").matchAll(pattern)].map(([, text, printed], place) => ({
    page,
    place,
    text,
    printed,
  }));

/** Puts what the examples of a page printed into it, where it says what they print. */
export function writePrinted(root: string, page: string, printed: readonly string[]): void {
  const path = join(root, page);
  let place = 0;
  const text = readFileSync(path, "utf8").replace(pattern, (all: string, code: string, said: string | undefined) => {
    const now = printed[place++];
    return said === undefined ? all : `\`\`\`ts\n${code}\`\`\`\n\n\`\`\`text\n${now}\`\`\`\n`;
  });
  writeFileSync(path, text);
}

/**
 * A program that runs modules one after the other, and writes to `printed.json` what each printed and what went wrong.
 * One process for all: a page of ten lines would take longer to start than to run.
 */
export const runner = `
import { readFileSync, writeFileSync } from "node:fs";
const out = [];
let now;
for (const name of ["stdout", "stderr"]) {
  process[name].write = (text) => { now[name] += text; return true; };
}
for (const file of JSON.parse(readFileSync("modules.json", "utf8"))) {
  now = { stdout: "", stderr: "" };
  out.push(now);
  try {
    await import(file);
  } catch (error) {
    now.stderr += error?.stack ?? String(error);
  }
}
writeFileSync("printed.json", JSON.stringify(out));
process.exit(0);
`;
