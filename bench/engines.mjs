/** Which engines there are: every file of engines/ is one, and says itself what it needs and in which variants it runs. */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { EngineProcess } from "./process.mjs";

const folder = fileURLToPath(new URL("engines/", import.meta.url));
const notEngines = ["host.mjs", "host.py", "rhyton-layer.mjs"];

export const rhytonFile = join(folder, "rhyton.mjs");
const engineFiles = readdirSync(folder).filter((name) => /\.(mjs|py)$/.test(name) && !notEngines.includes(name));

/** The Pythons to ask: those given, or .venv-peers, the first of the path and the system's. */
function pythons(given, root) {
  if (given !== undefined) return given;
  const inPath = (process.env.PATH ?? "").split(delimiter).map((place) => join(place, "python3"));
  const usual = [join(root, ".venv-peers", "bin", "python"), inPath.find(existsSync), "/usr/bin/python3"];
  return [...new Set(usual)].filter((path) => path !== undefined && existsSync(path));
}

async function hello(configuration) {
  const engine = new EngineProcess(configuration);
  try {
    return await engine.ask("hello", {}, 60_000);
  } catch (error) {
    return { engine: configuration.file, missing: error.message };
  } finally {
    await engine.end();
  }
}

/**
 * The peers that are there and those that are not.
 *
 * @returns `{ found, missing }`: configurations, and `{ engine, how }`.
 */
export async function findPeers({ python, root, threads }) {
  const [found, missing] = [new Map(), new Map()];
  for (const name of engineFiles) {
    const file = join(folder, name);
    if (file === rhytonFile) continue;
    const runners = name.endsWith(".py") ? pythons(python, root).map((path) => ({ python: path })) : [{}];
    let answered = false;
    for (const runner of runners) {
      const { engine, version, variants, missing: how } = await hello({ file, ...runner });
      if (how !== undefined) {
        if (!answered) missing.set(name, { engine, how });
        continue;
      }
      answered = true;
      missing.delete(name);
      for (const { variant, label, threads: most = threads } of variants) {
        const full = [engine, version, label].filter((part) => part).join(" ");
        const configuration = { label: full, engine: full, file, ...runner, variant, threads: Math.min(most, threads) };
        if (!found.has(full)) found.set(full, { ...configuration, wide: false, peer: true });
      }
    }
    if (runners.length === 0) missing.set(name, { engine: name, how: "a Python: --python PATH" });
  }
  return { found: [...found.values()], missing: [...missing.values()] };
}
