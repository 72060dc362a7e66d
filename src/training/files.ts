/** Files that training writes, in Node. Its file system is loaded only when one is used, so that browsers can load this. */
import { fileError } from "../core/errors.ts";
import { inNode, nodeModule } from "../core/node.ts";
import { systemError } from "../saving/atomic.ts";

/** @throws RhytonError `file` where there is no file system. */
export async function fileSystem(path: string): Promise<typeof import("node:fs/promises")> {
  if (!inNode()) {
    throw fileError({
      where: path,
      problem: "there is no file system here",
      fix: "In a browser, collect the values in a callback of your own.",
    });
  }
  return nodeModule("node:fs/promises");
}

/** What the operating system said, as our error. */
export async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(path, error);
  }
}

/** The part of a path before the last separator; nothing where there is none. */
export const folderOf = (path: string): string | undefined => /^(.*)[/\\][^/\\]*$/.exec(path)?.[1] || undefined;

/** Makes the folder in which a file will lie. */
export async function makeFolderOf(path: string): Promise<void> {
  const folder = folderOf(path);
  if (folder === undefined) return;
  const files = await fileSystem(path);
  await attempt(folder, () => files.mkdir(folder, { recursive: true }));
}

/** The bytes of a file; nothing where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  const files = await fileSystem(path);
  const found = await files.stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  return attempt(path, () => files.readFile(path));
}
