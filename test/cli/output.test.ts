/** What a terminal, a pipe and a program that reads JSON are given. */
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeNpy } from "../../src/data/npy.ts";
import { buildPackage, type Finished, finished, start } from "./run.ts";

let folder: string;
const rhyton = (...args: readonly string[]): Promise<Finished> => finished(start(folder, ...args));
beforeAll(async () => {
  folder = buildPackage();
  writeFileSync(join(folder, "x.npy"), writeNpy({ data: new Float32Array(784), shape: [1, 28, 28, 1] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("with --json a command prints one JSON value and nothing else on standard output", () => {
  const file = "run/autoencoder.keras";
  const json = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await rhyton(...args, "--json");
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    const trained = await json("train", "--limit", "64", "--epochs", "1", "--out", "run");
    expect(trained).toEqual({
      files: {
        history: "run/history.csv",
        model: file,
        picture: "run/reconstructions.png",
        settings: "run/settings.json",
      },
      stopped: false,
      epochsDone: 1,
      losses: { loss: expect.any(Number), val_loss: expect.any(Number) },
      resume: null,
    });
  });

  test("evaluate, predict, show, completion", async () => {
    expect(await json("evaluate", file, "--data", "digits")).toEqual({ loss: expect.any(Number) });
    const predicted = await json("predict", file, "--input", "x.npy", "--output", "y.npy");
    expect(predicted).toEqual({ files: [{ path: "y.npy", shape: [1, 28, 28, 1] }] });
    const shown = await json("show", file, "--stage", "graph");
    expect(shown).toEqual({ stage: "graph", text: expect.stringContaining("%0 = placeholder") });
    expect(await json("completion", "bash")).toMatchObject({ shell: "bash" });
  });

  test("doctor, which is done within seconds", async () => {
    const diagnosis = await json("doctor");
    expect(diagnosis).toMatchObject({ healthy: true, selfTest: { disagreements: [] } });
    expect(diagnosis.findings[0]).toMatchObject({ name: "engine", good: true });
    const { stdout, stderr } = await rhyton("doctor");
    expect(stdout).toMatch(/✓ simd .*\n/);
    expect(stdout).toContain("This machine is fit for training.");
    expect(stderr).toBe("");
  });

  test("summary: layers with their shapes and the numbers of their weights", async () => {
    const { layers, ...totals } = await json("summary", file);
    expect(totals).toMatchObject({ name: "autoencoder", className: "Functional", params: 4385, trainableParams: 4385 });
    expect(layers).toHaveLength(14);
    expect(layers[1]).toEqual({
      name: "conv2d",
      className: "Conv2D",
      outputShapes: [[28, 28, 16]],
      params: 160,
      trainable: true,
    });
  });

  test.each([
    ["usage", 2, ["train", "--epoch", "3"]],
    ["usage", 2, ["summary"]],
    ["file", 1, ["summary", "nothing.keras"]],
  ])("errors, too: %s %i %j", async (kind, exitCode, args) => {
    const { code, stdout, stderr } = await rhyton(...args, "--json");
    const { error } = JSON.parse(stdout);
    expect({ code, kind: error.code }).toEqual({ code: exitCode, kind });
    expect(stderr).toContain(`error: ${error.message}\n`);
    if (kind === "usage") expect(error.fix).toContain("--help");
  });
});

describe("colours", () => {
  const escapes = "\u001b[";
  /** What a terminal shows of several commands. */
  const onTerminal = (env: Readonly<Record<string, string>>, ...commands: readonly string[]): string => {
    const lines = commands.map((command) => `node dist/cli/main.js ${command};`);
    const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
    const options = { cwd: folder, encoding: "utf8", env: { ...rest, TERM: "xterm-256color", ...env } } as const;
    return execFileSync("script", ["-qec", `${lines.join(" ")} true`, "/dev/null"], options);
  };
  const quick = "train --limit 8 --epochs 1 --out";

  test.runIf(process.platform === "linux")("are for terminals, without NO_COLOR", () => {
    for (const command of ["--help", "trian", `${quick} coloured`]) expect(onTerminal({}, command)).toContain(escapes);
    const none = onTerminal({ NO_COLOR: "1" }, "--help", "trian", `${quick} plain`);
    expect(none).toContain("Did you mean train?");
    expect(none).not.toContain(escapes);
    expect(onTerminal({ TERM: "dumb" }, "--help", "trian")).not.toContain(escapes);
  });

  test.each(["--help", "trian", `${quick} piped`])("are not for pipes: %s", async (command) => {
    const env = { ...process.env, FORCE_COLOR: "1", NO_COLOR: undefined };
    const { stdout, stderr } = await finished(start(folder, { env }, ...command.split(" ")));
    expect(stdout + stderr).not.toContain(escapes);
  });
});

test("a reader that closes the pipe is no error", async () => {
  const child = start(folder, "show", "run/autoencoder.keras", "--stage", "wasm");
  child.stdout?.once("data", () => child.stdout?.destroy());
  const { code, stderr } = await finished(child);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test.runIf(process.platform === "linux")("a full disk under the results is told", () => {
  const command = "node dist/cli/main.js summary run/autoencoder.keras > /dev/full";
  const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: standard output cannot be written: ENOSPC.*\n$/);
});

test("where nobody hears of progress, training goes on", async () => {
  const child = start(folder, "train", "--limit", "64", "--epochs", "3", "--out", "unheard");
  child.stderr?.once("data", () => child.stderr?.destroy());
  const { code, stdout } = await finished(child);
  expect({ code, files: stdout.trimEnd().split("\n").length }).toEqual({ code: 0, files: 4 });
});
