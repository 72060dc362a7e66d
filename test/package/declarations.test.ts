/**
 * What users' compilers say: whatever functions answer can be exported from a library, its type naming public types only,
 * and mistakes in shapes are told with their sizes. The package is built and used as an installed one, with the settings of
 * `tsc --init`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");
const index = readFileSync(join(root, "src/index.ts"), "utf8");

/** What functions of layers are called with, where that is not `()`, by how their names begin. */
const calls: Readonly<Record<string, readonly string[]>> = {
  activation: ['("relu")'],
  adaptive: ["(2)"],
  add: ["()", "([x, x])"],
  averagePooling: ["(2)", '(2, { padding: "same" })', "(2, {} as $Options)"],
  centerCrop: ["(4, 4)"],
  concatenate: ["()", "({ axis: 1 })", "([x, x])"],
  conv: ["(8, 3)", '(8, 3, { padding: "same", activation: "relu" })', "(8, 3, {} as $Options)", "(size, size)"],
  cropping: ["()", "(2)"],
  depthwise: ["(3)", '(3, { padding: "same" })', "(3, {} as $Options)"],
  dense: ["(4)", '(4, { activation: "relu" })'],
  dot: ["(1)", "([flat, flat], 1)"],
  dropout: ["(0.5)"],
  alphaDropout: ["(0.5)"],
  gaussian: ["(0.5)"],
  input: ["([4])"],
  maxPooling: ["()", "(2)", '(2, { padding: "same" })', "(2, {} as $Options)"],
  model: ["(x, x)"],
  pipe: ["(x, conv2d(8, 3))"],
  permute: ["([2, 1])"],
  random: ["(0.5)"],
  randomFlip: ["()"],
  randomTranslation: ["(0.1, 0.1)"],
  repeatVector: ["(3)"],
  rescaling: ["(0.5)"],
  reshape: ["([4, 4])"],
  resizing: ["(4, 4)"],
  separable: ["(8, 3)", '(8, 3, { padding: "same" })', "(8, 3, {} as $Options)"],
  sequential: ["([x, conv2d(8, 3)])"],
  spatialDropout: ["(0.5)"],
  upSampling: ["()", "(2)", "(2, {} as $Options)"],
  zeroPadding: ["()", "(2)"],
};

/** Functions that make layers and models, as the index names them. */
const names = [...index.matchAll(/export \{([^}]*)\} from "\.\/(layers|training)\/([\w-]+)\.ts";/g)]
  .filter(([, , folder, file = ""]) =>
    folder === "training" ? file === "make-model" : !/^(initializers|regularizers|constraints|layer)$/.test(file),
  )
  .flatMap(([, list = ""]) => list.split(",").map((name) => name.trim()))
  .filter((name) => /^[a-z]\w*$/.test(name));

/** `Conv2DOptions` of `conv2d`, `Pooling2DOptions` of `maxPooling2d`. */
const optionsOf = (name: string): string =>
  `${name[0]?.toUpperCase()}${name.slice(1)}Options`.replace(/(\d)d/, "$1D").replace(/^(Max|Average)(?=Pooling)/, "");

const callsOf = (name: string): readonly string[] => {
  const prefixes = Object.keys(calls).sort((a, b) => b.length - a.length);
  return calls[prefixes.find((prefix) => name.startsWith(prefix)) ?? ""] ?? ["()"];
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rhyton-declarations-"));
  const installed = join(folder, "node_modules/rhyton");
  mkdirSync(installed, { recursive: true });
  copyFileSync(join(root, "package.json"), join(installed, "package.json"));
  symlinkSync(join(root, "node_modules/@types"), join(folder, "node_modules/@types"), "junction");
  run("node_modules/rhyton", ["-p", join(root, "tsconfig.json"), "--outDir", join(installed, "dist")]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(where: string, options: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...options], {
    cwd: join(folder, where),
    encoding: "utf8",
  });
  return `${stdout}${stderr}`;
}

/** What the compiler says of a module, with the settings that `tsc --init` writes. */
function compiled(text: string): string {
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(folder, "library.ts"), text);
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--isolatedModules"];
  const module = ["--module", "nodenext", "--target", "esnext", "--verbatimModuleSyntax", "--skipLibCheck"];
  return run("", ["library.ts", "--declaration", "--outDir", "out", "--types", "", ...strict, ...module]);
}

it("exports what every function answers that makes layers or models", () => {
  const lines = names.flatMap((name) =>
    callsOf(name).map(
      (call, i) =>
        `export const ${name}_${i} = ${name}${call.replace("$", `rhyton.${optionsOf(name).replace(/Options$/, "")}`)};`,
    ),
  );
  const imported = `import { ${names.join(", ")} } from "rhyton";\nimport type * as rhyton from "rhyton";`;
  const values = "const x = input([16, 16, 3]), flat = input([4]);\ndeclare const size: number;";
  expect(names.length).toBeGreaterThan(80);
  expect(compiled([imported, values, ...lines, ""].join("\n"))).toBe("");
}, 60_000);

it.each([
  ["add([a, b])", "add: sizes of 14 and 12 on the same axis do not go together"],
  ["concatenate([a, b])", "concatenate: sizes of 14 and 12 on an axis that is not joined"],
  ["dot([input([3]), input([4])], 1)", "dot: 3 cells on axis 1 of the first tensor and 4 on axis 1 of the second"],
])(
  "says both sizes of tensors that do not go together: %s",
  (call, words) => {
    const a = 'import { add, concatenate, conv2d, dot, input } from "rhyton";\nconst x = input([16, 16, 3]);';
    const said = compiled(`${a}\nexport const a = conv2d(8, 3)(x), b = conv2d(8, 5)(x);\nexport const c = ${call};\n`);
    expect(said).toContain(words);
    expect(said).not.toContain("LayerOptions");
  },
  60_000,
);
