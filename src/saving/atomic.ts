/**
 * Files on disk, for Node: written whole or not at all, and read with errors that say what to do. Node's modules are
 * loaded at the first use, so that browsers can load this one.
 */
import { fileError, nearest, RhytonError } from "../core/errors.ts";
import { inNode, nodeModule } from "../core/node.ts";
import { blocksOf, type Parts } from "../core/parts.ts";

const FIXES: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  ENOENT: ["it does not exist", "Check the path."],
  EACCES: ["there is no permission", "Change the permissions, or choose another place."],
  EPERM: ["there is no permission", "Change the permissions, or choose another place."],
  EROFS: ["the file system is read-only", "Choose another place."],
  ENOSPC: ["the disk is full", "Free some space, or choose another place."],
  EDQUOT: ["the disk quota is used up", "Free some space, or choose another place."],
  EFBIG: ["the file is too large for this file system", "Choose another place."],
  EISDIR: ["it is a directory", "Give the path of a file."],
  ENOTDIR: ["a part of the path is a file, not a directory", "Check the path."],
  ENAMETOOLONG: ["the name is too long", "Choose a shorter name."],
  ELOOP: ["its symbolic links go round in circles", "Repair the links."],
  EMFILE: ["too many files are open", "Close some, or raise the limit (ulimit -n)."],
  EBUSY: ["another program uses it", "Close that program and try again."],
};

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** What the operating system said about a path, as our error. */
export function systemError(path: string, error: unknown): RhytonError {
  if (error instanceof RhytonError) return error;
  const [problem, fix] = FIXES[codeOf(error)] ?? [
    error instanceof Error ? error.message : String(error),
    "Check the path.",
  ];
  return fileError({ where: path, problem, fix });
}

async function node(path: string) {
  if (inNode()) {
    const fs: typeof import("node:fs/promises") = await nodeModule("node:fs/promises");
    const paths: typeof import("node:path") = await nodeModule("node:path");
    return { fs, paths };
  }
  throw fileError({
    where: path,
    problem: "files can be read and written by path only in Node",
    fix: "In a browser, work with the bytes: fetch or an upload to read, a download to write.",
  });
}

/** After which time a temporary file that nobody has written to is taken for that of a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Removes what killed processes left of earlier attempts to write the file whose temporary names begin with `start`. */
async function sweep(fs: typeof import("node:fs/promises"), directory: string, start: string): Promise<void> {
  for (const name of await fs.readdir(directory).catch(() => [])) {
    if (!name.startsWith(start) || !name.endsWith(".tmp")) continue;
    const path = `${directory}/${name}`;
    const stat = await fs.stat(path).catch(() => undefined);
    if (stat && Date.now() - stat.mtimeMs > ABANDONED_MS) await fs.rm(path, { force: true }).catch(() => {});
  }
}

/**
 * Writes a file so that at `path` there is always the old or the new file, whole: into a temporary file beside it, which
 * is flushed to the disk and then renamed. A symbolic link stays a link; the file's permissions stay as they were. A
 * process that is killed may leave its temporary file; one that writes the file an hour later or more removes it.
 *
 * @throws RhytonError `file` when the directory is missing, or it cannot be written.
 */
export async function writeFileAtomic(path: string, content: Parts | Uint8Array | string): Promise<void> {
  const { fs, paths } = await node(path);
  const target = await fs.realpath(path).catch(() => paths.resolve(path));
  const old = await fs.stat(target).catch(() => undefined);
  if (old?.isDirectory()) throw systemError(path, Object.assign(new Error(), { code: "EISDIR" }));
  if (old !== undefined && !old.isFile()) {
    throw fileError({ where: path, problem: "it is a device or a pipe", fix: "Give the path of a file." });
  }
  const directory = paths.dirname(target);
  const unique = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
  const start = `.${paths.basename(target).slice(0, 100)}.`;
  const temporary = paths.join(directory, `${start}${unique}.tmp`);
  try {
    const file = await fs.open(temporary, "wx", old === undefined ? 0o666 : old.mode & 0o777);
    try {
      if (typeof content === "string" || content instanceof Uint8Array) await file.writeFile(content);
      else for (const block of blocksOf(content)) await file.writeFile(block);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, target);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    if (codeOf(error) === "ENOENT") {
      throw fileError({
        where: path,
        problem: `the directory ${directory} does not exist`,
        fix: `Create it first (mkdir -p ${JSON.stringify(directory)}).`,
      });
    }
    throw systemError(path, error);
  }
  await sweep(fs, directory, start);
  // The rename itself is kept in the directory. Not every system can flush one.
  const parent = await fs.open(directory, "r").catch(() => undefined);
  await parent?.sync().catch(() => {});
  await parent?.close().catch(() => {});
}

/** What a file is read up to, unless told otherwise. */
export const MOST_FILE_BYTES = 2 * 2 ** 30;

/**
 * The bytes of a file.
 *
 * @throws RhytonError `file` when it is missing, a directory, unreadable, or has more than `most` bytes.
 */
export async function readFile(path: string, most = MOST_FILE_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  const { fs, paths } = await node(path);
  try {
    const file = await fs.open(path, "r");
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
      if (!stat.isFile()) {
        throw fileError({ where: path, problem: "it is a device or a pipe", fix: "Give the path of a file." });
      }
      if (stat.size > most) {
        throw fileError({
          where: path,
          problem: `the file has ${stat.size} bytes, more than ${most}`,
          fix: "Give a smaller file.",
        });
      }
      const bytes = new Uint8Array(stat.size);
      let read = 0;
      while (read < bytes.length) {
        const { bytesRead } = await file.read(bytes, read, Math.min(bytes.length - read, 2 ** 30), read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return bytes.subarray(0, read);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw systemError(path, error);
    const beside = await fs.readdir(paths.dirname(path)).catch(() => undefined);
    const near = beside && nearest(paths.basename(path), beside.slice(0, 1000));
    throw fileError({
      where: path,
      problem: beside === undefined ? `the directory ${paths.dirname(path)} does not exist` : "the file does not exist",
      fix: near === undefined ? "Check the path." : `Did you mean ${paths.join(paths.dirname(path), near)}?`,
    });
  }
}
