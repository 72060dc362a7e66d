/** The other engines for Node: packages of bench/peers/, which has a package.json of its own. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = new URL("peers/", import.meta.url);
const { resolve } = createRequire(new URL("package.json", folder));

/** What `hello` answers for an engine that comes in this package. */
export function helloOf(engine, name, variants) {
  try {
    const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, folder), "utf8"));
    return { engine, version, variants };
  } catch {
    return { engine, missing: "npm ci --prefix bench/peers" };
  }
}

export const importPeer = (name) => import(pathToFileURL(resolve(name)).href);

/** The folder of a file in a package, with a slash at its end. */
export const folderOf = (path) => fileURLToPath(new URL(`node_modules/${path}/`, folder));
