/** The pages say what is true: the example is the one that runs, printed stages are printed, every error has its line. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { conv2d, input, maxPooling2d, model, pipe, show, upSampling2d } from "../src/index.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

describe("README.md", () => {
  it("shows the example that is run", () => {
    const [, block] = /```ts\n([\s\S]*?)```/.exec(read("README.md")) as RegExpExecArray;
    expect(block).toBe(read("examples/autoencoder.ts"));
  });
});

describe("links", () => {
  const pages = readdirSync(new URL("../docs", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);

  it.each(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...pages])("of %s lead to files that exist", (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)\s]+)[^)]*\)|(?:src|href)="([^"]+)"/g)].map((m) => m[1] ?? m[2]);
    const files = targets.filter((target) => !/^([a-z]+:|#)/.test(target)).map((target) => target.split("#")[0]);
    const missing = files.filter((file) => !existsSync(new URL(file, new URL(`../${page}`, import.meta.url))));
    expect(missing).toEqual([]);
  });

  it.each(pages.filter((page) => page !== "docs/README.md"))("lead from docs/README.md to %s", (page) => {
    const folder = page.startsWith("docs/api/") ? "api/README.md" : page.slice("docs/".length);
    expect(read("docs/README.md")).toContain(`](${folder})`);
  });
});

describe("docs/performance.md and README.md", () => {
  it("have the figures that were measured", () => {
    const script = fileURLToPath(new URL("../bench/tables.mjs", import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("docs/errors.md", () => {
  it("lists every error code, and no other", () => {
    const codes = [...read("src/core/errors.ts").matchAll(/= kind\(\s*"([\w-]+)"/g)].map((m) => m[1]);
    const listed = [...read("docs/errors.md").matchAll(/^\| `([\w-]+)` \|/gm)].map((m) => m[1]);
    expect(listed.sort()).toEqual(codes.sort());
  });
});

describe("ARCHITECTURE.md", () => {
  const same = { activation: "relu", padding: "same" } as const;
  const half = { padding: "same" } as const;
  const image = input([28, 28, 1]);
  const code = pipe(
    image,
    conv2d(16, 3, same),
    maxPooling2d(2, half),
    conv2d(8, 3, same),
    maxPooling2d(2, half),
    conv2d(8, 3, same),
    maxPooling2d(2, half),
  );
  const picture = pipe(
    code,
    conv2d(8, 3, same),
    upSampling2d(2),
    conv2d(8, 3, same),
    upSampling2d(2),
    conv2d(16, 3, { activation: "relu" }),
    upSampling2d(2),
    conv2d(1, 3, { activation: "sigmoid", padding: "same" }),
  );
  const seed = model(image, picture);
  seed.compile({ optimizer: "adam", loss: "binary_crossentropy" });
  const page = read("ARCHITECTURE.md");

  it.each(["graph", "gradient", "kernels", "wasm"] as const)("prints the stage %s as it is", async (stage) => {
    const [, block] = new RegExp(`<!-- stage: ${stage} -->\n\`\`\`\n([\\s\\S]*?)\`\`\``).exec(page) as RegExpExecArray;
    const printed = (await show(seed, stage)).split("\n").map((line) => line.trim());
    for (const line of block.trimEnd().split("\n")) {
      expect(
        printed.some((p) => p.includes(line)),
        line,
      ).toBe(true);
    }
  });
});
