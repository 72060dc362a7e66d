/** Another revision of this repository, built. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const git = (...args) =>
  execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
const npmCommand = process.platform === "win32" ? "npm.cmd" : "npm";

/** What the working tree is called: the commit it stands on, with a plus where files differ from it. */
export function workingTree() {
  try {
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") === "" ? "" : "+"}`;
  } catch {
    return "unknown";
  }
}

function shortName(name) {
  try {
    return git("rev-parse", "--short", "--verify", `${name}^{commit}`);
  } catch {
    throw new Error(`--against ${name}: there is no such revision`);
  }
}

/**
 * Checks a revision out into a worktree of its own and builds it there.
 *
 * @returns `{ revision, build, remove }`: its short name, the folder with the build, and how to take it all away.
 */
export function buildRevision(name) {
  const revision = shortName(name);
  const folder = mkdtempSync(join(tmpdir(), "rhyton-bench-"));
  const tree = join(folder, revision);
  const remove = () => {
    try {
      git("worktree", "remove", "--force", tree);
    } catch {
      git("worktree", "prune");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    git("worktree", "add", "--detach", "--quiet", tree, revision);
    const lock = (at) => readFileSync(join(at, "package-lock.json"), "utf8");
    if (lock(tree) === lock(root)) symlinkSync(join(root, "node_modules"), join(tree, "node_modules"), "junction");
    else
      execFileSync(npmCommand, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: tree, stdio: "inherit" });
    execFileSync(process.execPath, [join(tree, "scripts", "build.mjs")], { cwd: tree, stdio: "inherit" });
  } catch (error) {
    remove();
    throw error;
  }
  return { revision, build: join(tree, "dist"), remove };
}
