/** `rhyton explain`: layers, models, formats, wrong usage. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { makeCommands } from "../../src/cli/commands.ts";
import { add, conv2d, input, maxPooling2d, model, pipe, upSampling2d } from "../../src/index.ts";

let folder: string;
let small: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rhyton-explain-"));
  small = join(folder, "small.keras");
  const same = { padding: "same" } as const;
  const image = input([7, 7, 1]);
  const picture = pipe(image, conv2d(2, 3, same), maxPooling2d(2, same), upSampling2d(2), conv2d(1, 3, same));
  await model(image, picture).save(small);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** What the command prints. Its processes are those of the other commands, which test/cli tests. */
async function rhyton(...args: readonly string[]): Promise<string> {
  let printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await makeCommands().parseAsync(["node", "rhyton", "explain", ...args]);
  return printed;
}

/** What was wrong, and what to do. */
const failure = (...args: readonly string[]): Promise<string> =>
  rhyton(...args).then(
    () => "nothing failed",
    (error: Error & { readonly fix?: string }) => `${error.message}\n${error.fix ?? ""}`,
  );

describe("a layer", () => {
  test.each([
    [["maxPooling2d", "--input", "7x7x8", "--pool", "2", "--padding", "same"], "⌈n / s⌉ = ⌈7 / 2⌉ = 4"],
    [["Conv2D", "--input", "28x28x1", "--kernel", "3x5", "--strides", "2"], "(None, 28, 28, 1) → (None, 13, 12, 1)"],
    [
      ["conv1d", "--input", "8x1", "--kernel", "3", "--dilation", "2", "--padding", "causal"],
      "4 before, 0 after, zeros",
    ],
    [
      [
        "conv2d_transpose",
        "--input",
        "4x4x1",
        "--kernel",
        "3",
        "--strides",
        "2",
        "--padding",
        "same",
        "--output-padding",
        "0",
      ],
      "→ (None, 7, 7, 1)",
    ],
    [
      [
        "depthwiseConv2d",
        "--input",
        "2x9x9",
        "--kernel",
        "3",
        "--depth-multiplier",
        "2",
        "--data-format",
        "channels_first",
      ],
      "→ (None, 4, 7, 7)",
    ],
    [["conv2d", "--input", "5x5x4", "--kernel", "3", "--filters", "4", "--groups", "2"], "→ (None, 3, 3, 4)"],
    [["upSampling2d", "--input", "3x3x1", "--size", "2", "--interpolation", "bilinear"], "n·f = 3·2 = 6"],
    [["adaptiveMaxPooling1d", "--input", "7x1", "--output-size", "3"], "o = 3, as asked for"],
    [["globalMaxPooling2d", "--input", "4x3x2", "--keepdims"], "→ (None, 1, 1, 2)"],
    [["zeroPadding2d", "--input", "3x3x1", "--padding", "[[1,2],[0,1]]"], "→ (None, 6, 4, 1)"],
    [["cropping1d", "--input", "5x1", "--cropping", "[1,2]"], "cut off 1 before, 2 after\n"],
  ])("%j", async (args, words) => {
    expect(await rhyton(...args)).toContain(words);
  });

  test("in every format", async () => {
    const pool = ["maxPooling2d", "--input", "7x7x8", "--pool", "2"];
    expect(await rhyton(...pool, "--format", "markdown")).toContain("| height, width | 7 → 3 |");
    expect(await rhyton(...pool, "--format", "svg")).toMatch(/^<svg /);
    const json = await rhyton(...pool, "--format", "json");
    expect(JSON.parse(json).axes[0].unread).toEqual([6]);
    expect(await rhyton(...pool, "--json")).toBe(json);
  });
});

describe("a model", () => {
  test("layer by layer, with the field of a cell", async () => {
    const stdout = await rhyton(small, "--cell", "0,4", "--input-cell", "6,6,*");
    expect(stdout).toContain("to restore its sizes: 7×7 expected, 8×8 built: crop [[0, 1], [0, 1]]");
    expect(stdout).toContain("max_pooling2d (MaxPooling2D): (None, 7, 7, 2) → (None, 4, 4, 2)");
    expect(stdout).toContain("cell [0; 4; all] of conv2d_1 depends on");
    expect(stdout).toContain("cell [6; 6; all] of input_layer has a say in");
  });

  test("one layer of it, with the cells on both sides of one of its own", async () => {
    const stdout = await rhyton(small, "--layer", "max_pooling2d", "--cell", "0,0");
    expect(stdout).toMatch(/^max_pooling2d \(MaxPooling2D\)/);
    expect(stdout).toMatch(/of max_pooling2d depends on\n {2}input_layer .*\n {2}conv2d /);
    expect(stdout).toMatch(/of max_pooling2d has a say in\n {2}up_sampling2d .*\n {2}conv2d_1 /);
    expect(await failure(small, "--layer", "max_poling")).toContain('Did you mean "max_pooling2d"?');
  });

  test("of several inputs and outputs, by name and by number", async () => {
    const two = join(folder, "two.keras");
    const [left, right] = [input([4, 4, 1], { name: "left" }), input([4, 4, 1], { name: "right" })];
    const ends = [maxPooling2d(2, { name: "small" })(left), conv2d(1, 3, { name: "other" })(add([left, right]))];
    await model([left, right], ends).save(two);
    expect(await rhyton(two, "--cell", "0,0", "--output-name", "small")).not.toContain("right  [");
    const field = /cell \[0; 0; all\] of other depends on\n {2}left .*\n {2}right /;
    expect(await rhyton(two, "--cell", "0,0", "--output-name", "1")).toMatch(field);
    expect(await rhyton(two, "--input-cell", "0,0", "--input-name", "right")).toContain(
      "of right has a say in\n  add ",
    );
    expect(await failure(two, "--cell", "0,0", "--output-name", "othr")).toContain('Did you mean "other"?');
    expect(await rhyton(two, "--input", "8x8x1", "--input", "8x8x1")).toContain("(None, 6, 6, 1)");
    expect(await failure(two, "--input", "8x8x1")).toContain("expected 2 shapes, one for each input");
  });

  test("for other sizes", async () => {
    expect(await rhyton(small, "--input", "8x8x1")).toContain("(None, 8, 8, 1)");
  });
});

describe("wrong usage says what was meant", () => {
  test.each([
    [
      ["maxPoling2d", "--input", "7x7x8"],
      "there is no layer with windows or file 'maxPoling2d'\nDid you mean maxPooling2d?",
    ],
    [["conv2d", "--input", "7x7x8", "--pool", "2"], "conv2d takes no --pool\nIt takes --filters, --kernel, --strides"],
    [["conv2d", "--input", "7x7x8"], "conv2d needs --kernel\nIt takes --filters"],
    [["conv2d", "--kernel", "3"], "conv2d needs --input\nGive the shape of its input: --input 28x28x1."],
    [["conv2d", "--kernel", "3", "--input", "7by7"], "'7by7' is invalid. Expected sizes such as 28x28x1."],
    [["conv2d", "--kernel", "3", "--input", "7x7x1", "--cell", "a"], "'a' is invalid. Expected positions such as 3,3"],
    [
      ["zeroPadding1d", "--input", "7x1", "--padding", "[1,"],
      "'[1,' is invalid\nExpected numbers such as [[1,2],[0,1]].",
    ],
    [["conv2d", "--formt", "svg"], "unknown option '--formt'\n(Did you mean --format?)"],
    [
      ["maxPooling2d", "--input", "1x7x8"],
      "maxPooling2d: got 1 cells on spatial axis 0 of [1, 7], expected at least 2",
    ],
    [["small.keras"], "small.keras: the file does not exist"],
  ])("%j", async (args, words) => {
    expect(await failure(...args)).toContain(words);
  });

  test("a cell that there is not, as it was typed", async () => {
    const words =
      /'--(input-)?cell' argument '99,\*' is invalid\nExpected positions within \(\d+, \d+, \d+\); \* for all/;
    expect(await failure(small, "--cell", "99,*")).toMatch(words);
    expect(await failure(small, "--input-cell", "99,*")).toMatch(words);
    expect(await failure("conv2d", "--kernel", "3", "--input", "7x7x1", "--cell", "99,*")).toMatch(words);
  });

  test("options of layers with a model", async () => {
    expect(await failure(small, "--kernel", "3")).toBe("--kernel is for a layer, not for a model\nLeave it out.");
    const layer = ["conv2d", "--input", "5x5x1", "--kernel", "3", "--layer", "conv2d"];
    expect(await failure(...layer)).toBe("--layer is for a model, not for a layer\nLeave it out.");
  });
});
