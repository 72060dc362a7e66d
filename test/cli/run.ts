/** The command line as its users run it: built, in a process of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A new folder with the package, built as `npm run build` builds it. */
export function buildPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), "rhyton-cli-"));
  execFileSync(process.execPath, [join(root, "scripts/build.mjs"), join(folder, "dist")], { stdio: "inherit" });
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `rhyton` with these arguments, in the package's folder; without an environment of its own uncoloured. */
export function start(
  folder: string,
  ...given: readonly [{ readonly env: NodeJS.ProcessEnv }, ...string[]] | readonly string[]
): ChildProcess {
  const [first, ...rest] = given;
  const [env, args] =
    typeof first === "object" ? [first.env, rest as string[]] : [{ ...process.env, NO_COLOR: "1" }, given as string[]];
  const main = join(folder, "dist/cli/main.js");
  return spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env });
}

/** Waits for the end of a process. */
export function finished(child: ChildProcess): Promise<Finished> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}
