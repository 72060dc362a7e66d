/**
 * A file of comma-separated values that grows line by line. Node's file system is loaded only when one is opened.
 */
import { fileError } from "../core/errors.ts";

const loadFiles = async (path: string): Promise<typeof import("node:fs/promises")> => {
  if (typeof process === "undefined" || !process.versions?.node) {
    throw fileError({
      where: path,
      problem: "there is no file system here",
      fix: "In a browser, collect the values in a callback of your own.",
    });
  }
  return import("node:fs/promises");
};

/** What the operating system said, as our error. */
async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw fileError({ where: path, problem, fix: "Check the path and its permissions." });
  }
}

export class CsvFile {
  readonly #path: string;
  readonly #separator: string;
  readonly #append: boolean;
  #needsHeader = true;

  constructor(path: string, separator: string, append: boolean) {
    this.#path = path;
    this.#separator = separator;
    this.#append = append;
  }

  /** Empties the file, or finds out whether one to be continued has its header already. */
  async open(): Promise<void> {
    const files = await loadFiles(this.#path);
    await attempt(this.#path, async () => {
      await files.writeFile(this.#path, "", { flag: this.#append ? "a" : "w" });
      this.#needsHeader = (await files.stat(this.#path)).size === 0;
    });
  }

  /** Writes one line, and first the header if there is none. What a row does not have is `NA`. */
  async row(columns: readonly string[], values: Readonly<Record<string, string>>): Promise<void> {
    const files = await loadFiles(this.#path);
    const cells = columns.map((name) => values[name] ?? "NA");
    const lines = (this.#needsHeader ? [columns, cells] : [cells]).map((line) => this.#join(line));
    await attempt(this.#path, () => files.appendFile(this.#path, lines.join("")));
    this.#needsHeader = false;
  }

  #join(cells: readonly string[]): string {
    const quote = (cell: string) =>
      cell.includes(this.#separator) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    return `${cells.map(quote).join(this.#separator)}\r\n`;
  }
}
