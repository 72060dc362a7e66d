// TypeScript as one file that Node can run by itself.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "vite";

/**
 * Bundles `entry` into a temporary folder. Answers the path of the file, and what removes it.
 *
 * @param {string} entry - the path of a `.ts` file.
 */
export async function bundle(entry) {
  const folder = mkdtempSync(join(tmpdir(), "rhyton-bundle-"));
  const name = basename(entry, ".ts");
  await build({
    configFile: false,
    logLevel: "error",
    // Everything into the file: it may be run from anywhere.
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      target: "es2022",
      minify: false,
      rolldownOptions: { input: { [name]: entry }, output: { entryFileNames: "[name].mjs" } },
    },
  });
  return {
    path: join(folder, `${name}.mjs`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
