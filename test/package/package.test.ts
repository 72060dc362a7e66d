/** What package.json and its lock file promise. `npm run check:package` checks the package itself. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = new URL("../../", import.meta.url);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, root), "utf8"));
const manifest = read("package.json");
const locked: Readonly<Record<string, Locked>> = read("package-lock.json").packages;
const installed = Object.entries(locked).filter(([path]) => path !== "");

describe("at run time", () => {
  test("the dependencies are few, and pinned", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(["commander", "fast-png", "fflate"]);
    for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test("nothing runs when they are installed", () => {
    const scripts = installed.filter(([, { dev, hasInstallScript }]) => !dev && hasInstallScript);
    expect(scripts.map(([path]) => path)).toEqual([]);
    const { preinstall, install, postinstall, prepare } = manifest.scripts;
    expect([preinstall, install, postinstall, prepare]).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("the lock file", () => {
  test("is that of package.json", () => {
    const { dependencies, devDependencies } = locked[""];
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
  });

  test("has what every kind of machine needs: `npm ci` refuses it otherwise", () => {
    const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in locked || `${path}/node_modules/${name}` in locked),
      ),
    );
    expect(missing).toEqual([]);
  });

  test("names contents, not places", () => {
    for (const [path, { integrity, resolved }] of installed) {
      expect(integrity, path).toMatch(/^sha512-/);
      expect(resolved, path).toBeUndefined();
    }
  });
});

test("every export is built from a source", () => {
  const targets = Object.values<string | Record<string, string>>(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  const built = [...targets, ...Object.values<string>(manifest.bin)].filter((path) => path.includes("dist/"));
  expect(built.length).toBeGreaterThan(4);
  for (const path of built) {
    const source = path.replace(/^(\.\/)?dist\//, "src/").replace(/(\.d\.ts|\.js)$/, ".ts");
    expect(existsSync(new URL(source, root)), path).toBe(true);
  }
});
