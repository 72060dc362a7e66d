// Which built-in modules of Node a program needs before it runs: those that the modules reachable from its entries
// import statically. Modules that are imported with `import(…)` are followed, since a bundler follows them too.
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, resolve } from "node:path";

const staticImport = /^\s*(?:import|export)\b(?:[^"'();]*\bfrom)?\s*["']([^"']+)["']/gm;
const dynamicImport = /\bimport\(\s*(?:\/\*.*?\*\/\s*)?["']([^"']+)["']/g;

/**
 * @param entries - paths of JavaScript or TypeScript modules.
 * @returns `{ modules, found }`: how many modules there are, and `{ file, specifier }` of every static import of a
 *   built-in module.
 */
export function staticBuiltins(entries) {
  const seen = new Set();
  const found = [];
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8").replace(/^\s*(import|export) type\b.*$/gm, "");
    const statics = [...text.matchAll(staticImport)].map(([, specifier]) => specifier);
    const dynamics = [...text.matchAll(dynamicImport)].map(([, specifier]) => specifier);
    for (const specifier of statics) if (isBuiltin(specifier)) found.push({ file, specifier });
    for (const specifier of [...statics, ...dynamics]) {
      if (specifier.startsWith(".")) visit(resolve(dirname(file), specifier));
    }
  };
  for (const entry of entries) visit(resolve(entry));
  return { modules: seen.size, found };
}
