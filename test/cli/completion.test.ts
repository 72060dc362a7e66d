/** The completion scripts, asked by the shells themselves. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { makeCommands } from "../../src/cli/commands.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-completion-"));
const program = makeCommands();
const commands = program.commands.map((command) => command.name());

async function scriptFor(shell: string): Promise<string> {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await makeCommands().parseAsync(["node", "rhyton", "completion", shell]);
    return write.mock.calls.map(([text]) => text).join("");
  } finally {
    write.mockRestore();
  }
}

beforeAll(async () => {
  for (const name of ["a b.keras", "model.keras", "x.npy"]) writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, "runs"));
  writeFileSync(join(folder, "rhyton.bash"), await scriptFor("bash"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash offers at the end of a line; its words are given as bash cuts them. */
function offered(...words: readonly string[]): string[] {
  const script = `source ./rhyton.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    [[ $(complete -p rhyton) == 'complete -F _rhyton rhyton' ]] || exit 1
    _rhyton; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["-c", script, "bash", "rhyton", ...words], { cwd: folder, encoding: "utf8" });
  return said.split("\n").filter((line) => line !== "");
}

describe("bash completes", () => {
  test("commands", () => {
    expect(offered("")).toEqual([...commands, "--help", "--version"]);
    expect(offered("tr")).toEqual(["train"]);
    expect(offered("help", "sum")).toEqual(["summary"]);
    expect(offered("xyz")).toEqual([]);
  });

  test("every option of every command", () => {
    for (const command of program.commands) {
      const longs = command.options.map((option) => option.long);
      expect(offered(command.name(), "--")).toEqual([...longs, "--help", "--json", "--debug"]);
    }
    expect(offered("--json", "show", "--st")).toEqual(["--stage"]);
  });

  test("values of options, also behind =", () => {
    expect(offered("show", "--stage", "")).toEqual(["graph", "gradient", "kernels", "wasm"]);
    expect(offered("show", "--stage", "=")).toEqual(["graph", "gradient", "kernels", "wasm"]);
    expect(offered("show", "--stage", "=", "k")).toEqual(["kernels"]);
    expect(offered("train", "--data", "mn")).toEqual(["mnist"]);
    expect(offered("train", "--epochs", "")).toEqual([]);
    expect(offered("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  test("files and folders", () => {
    expect(offered("summary", "").sort()).toEqual(["a b.keras", "model.keras", "runs"]);
    expect(offered("summary", "mo")).toEqual(["model.keras"]);
    expect(offered("predict", "--input", "x")).toEqual(["x.npy"]);
    expect(offered("train", "--resume", "")).toEqual(["runs"]);
    expect(offered("train", "")).toEqual([]);
    expect(offered("evaluate", "--data", "").sort()).toEqual(["digits", "mnist", "runs", "x.npy"]);
    expect(offered("train", "--data", "x.npy,x")).toEqual(["x.npy,x.npy"]);
    expect(offered("train", "--out", "")).toEqual(["runs"]);
  });
});

test("the scripts for zsh and fish name every command and option", async () => {
  const [zsh, fish] = [await scriptFor("zsh"), await scriptFor("fish")];
  expect(zsh).toContain(':value:{compadd digits mnist; _files -g "*.npy"}');
  expect(fish).toMatch(/from train' -l data .* -r -F -a 'digits mnist'\n/);
  for (const command of program.commands) {
    expect(zsh).toContain(`    ${command.name()}) _arguments `);
    expect(fish).toContain(`-n __fish_use_subcommand -a ${command.name()} `);
    for (const { long } of command.options) {
      expect(zsh).toContain(`'${long}[`);
      expect(fish).toContain(`'__fish_seen_subcommand_from ${command.name()}' -l ${long?.slice(2)} `);
    }
  }
});
