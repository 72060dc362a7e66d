/**
 * A file of comma-separated values that grows line by line.
 */
import { attempt, fileSystem } from "./files.ts";

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
    const files = await fileSystem(this.#path);
    await attempt(this.#path, async () => {
      await files.writeFile(this.#path, "", { flag: this.#append ? "a" : "w" });
      this.#needsHeader = (await files.stat(this.#path)).size === 0;
    });
  }

  /** Writes one line, and first the header if there is none. What a row does not have is `NA`. */
  async row(columns: readonly string[], values: Readonly<Record<string, string>>): Promise<void> {
    const files = await fileSystem(this.#path);
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
