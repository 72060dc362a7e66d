/** `settings.json` of a run: what it was asked to do, which is also what it needs to go on; and how it went. */
import { availableParallelism, cpus, totalmem } from "node:os";
import { formatError } from "../core/errors.ts";
import { VERSION } from "../index.ts";
import { readFile } from "../saving/atomic.ts";

/** What decides the numbers of a run, and where it runs. */
export interface RunSettings {
  /** The file that a model of one's own came from; the autoencoder has none. */
  readonly model?: string;
  /** The name of a data set, or two paths with a comma between. */
  readonly data: string;
  /** Epochs in all, those that the model had before included. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** One for each core when absent. */
  readonly threads?: number;
  /** How many samples, the first ones, are trained on. */
  readonly limit: number;
}

const machine = () => ({
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  system: `${process.platform} ${process.arch}`,
});

/** The text of the file. `outcome` follows the settings. */
export function settingsText(settings: RunSettings, outcome: object): string {
  const content = {
    settings: { ...settings, threads: settings.threads ?? "one for each core" },
    ...outcome,
    versions: { rhyton: VERSION, node: process.versions.node, v8: process.versions.v8 },
    machine: machine(),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/**
 * The settings of a run that is there.
 *
 * @throws RhytonError `file` when there is no such file, `file-format` when a run did not write it.
 */
export async function readSettings(path: string): Promise<RunSettings> {
  const damaged = (problem: string) =>
    formatError({ where: path, problem, fix: "Give the folder that a rhyton train left." });
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(await readFile(path, 1e6)))?.settings;
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged("it is no JSON");
    throw error;
  }
  if (typeof found !== "object" || found === null) throw damaged("it has no settings");
  const { model, data, epochs, batchSize, seed, threads, limit } = found as Readonly<Record<string, unknown>>;
  const isText = (value: unknown): value is string => typeof value === "string";
  const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isText(data) || !(model === undefined || isText(model))) throw damaged("its settings name no data");
  if (!isWhole(epochs) || !isWhole(batchSize) || batchSize === 0 || !isWhole(seed) || !isWhole(limit) || limit === 0) {
    throw damaged("a number of its settings is missing or makes no sense");
  }
  const known = { data, epochs, batchSize, seed, limit };
  return {
    ...(model === undefined ? {} : { model }),
    ...known,
    ...(isWhole(threads) && threads > 0 ? { threads } : {}),
  };
}
