/**
 * The pictures of the pages in docs/, drawn from what the library itself computes: where windows lie, the curves of
 * activations and of learning rates. `npm run docs` writes them to docs/images.
 */
import { placeTransposed, placeWindow } from "../../src/core/shape.ts";
import {
  type ActivationName,
  activation,
  conv1d,
  cosineDecay,
  cosineDecayRestarts,
  explain,
  exponentialDecay,
  input,
  inverseTimeDecay,
  type Layer,
  maxPooling2d,
  ndarray,
  piecewiseConstantDecay,
  polynomialDecay,
  type Schedule,
  type Shape,
  sequential,
} from "../../src/index.ts";

const ink = "#30363d";
const quiet = "#8b949e";
const accents = ["#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#0a7ea4", "#57606a"];

const round = (value: number): number => Math.round(value * 100) / 100;

/** A picture with a white ground, so that it shows on dark pages, too. */
const picture = (width: number, height: number, title: string, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" role="img">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");

const text = (x: number, y: number, words: string, options = `fill="${ink}"`): string =>
  `<text x="${round(x)}" y="${round(y)}" ${options}>${words}</text>`;

const box = (x: number, y: number, width: number, height: number, options: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${options}/>`;

const cell = 32;

/** A row of cells with what stands in them; `real` says which belong to the input. */
const row = (x: number, y: number, words: readonly string[], real: (i: number) => boolean): string[] =>
  words.flatMap((word, i) => [
    box(
      x + i * cell,
      y,
      cell,
      cell,
      real(i) ? `fill="#ddf4ff" stroke="${ink}"` : `fill="#ffffff" stroke="${quiet}" stroke-dasharray="3 3"`,
    ),
    text(x + (i + 0.5) * cell, y + 21, word, `fill="${real(i) ? ink : quiet}" text-anchor="middle"`),
  ]);

interface Sliding {
  readonly caption: string;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: "valid" | "same";
  /** What stands in padded cells. */
  readonly beyond: string;
}

/** An axis with its padding, and under it a bar for each place of the window. */
function sliding(
  top: number,
  { caption, size, kernel, stride, padding, beyond }: Sliding,
): { parts: string[]; height: number } {
  const { output, before, after } = placeWindow({ size, kernel, stride, dilation: 1, padding });
  const left = 20;
  const words = Array.from({ length: before + size + after }, (_, i) =>
    i < before || i >= before + size ? beyond : `x${i - before}`,
  );
  const y = top + 26;
  const bars = Array.from({ length: output }, (_, i) => {
    const at = left + i * stride * cell;
    const line = y + cell + 10 + i * 18;
    return [
      box(at + 2, line, kernel * cell - 4, 12, `rx="3" fill="${accents[i % accents.length]}" fill-opacity="0.75"`),
      text(at + kernel * cell + 4, line + 11, `y${i}`, `fill="${ink}" font-size="12"`),
    ].join("\n");
  });
  const parts = [
    text(left, top + 14, `${caption}: ${size} cells, window ${kernel}, stride ${stride} → ${output}`),
    ...row(left, y, words, (i) => i >= before && i < before + size),
    ...bars,
  ];
  return { parts, height: 26 + cell + 18 + output * 18 };
}

function slidings(title: string, all: readonly Sliding[]): string {
  let top = 12;
  const parts: string[] = [];
  for (const one of all) {
    const drawn = sliding(top, one);
    parts.push(...drawn.parts);
    top += drawn.height + 8;
  }
  return picture(380, top, title, parts);
}

/** Cells of the input, each with the cells of the result that it adds to. */
function transposed(): string {
  const axis = { size: 2, kernel: 3, stride: 2, dilation: 1, outputPadding: undefined } as const;
  const [x, kernel] = [
    [1, 10],
    [1, 2, 3],
  ];
  const { output } = placeTransposed({ ...axis, padding: "valid" });
  const same = placeTransposed({ ...axis, padding: "same" });
  const left = 190;
  const parts: string[] = [];
  const sums = new Array<number>(output).fill(0);
  x.forEach((value, i) => {
    const at = i * axis.stride;
    kernel.forEach((tap, j) => {
      sums[at + j] += value * tap;
    });
    const y = 12 + i * 42;
    parts.push(
      ...row(
        left + at * cell,
        y,
        kernel.map((tap) => String(value * tap)),
        () => true,
      ),
    );
    parts.push(text(20, y + 21, `x${i} · kernel = ${value} · (${kernel.join(", ")})`));
  });
  parts.push(text(20, 129, `valid: ${output} cells`), ...row(left, 108, sums.map(String), () => true));
  const kept = (i: number): boolean => i >= same.before && i < same.before + same.output;
  parts.push(text(20, 171, `same: ${same.output} cells`), ...row(left, 150, sums.map(String), kept));
  return picture(380, 194, "A transposed convolution with a kernel of 3 and a stride of 2", parts);
}

interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Curves over two axes; the numbers at the ends of the axes are the ranges. */
function chart(
  title: string,
  xRange: readonly [number, number],
  yRange: readonly [number, number],
  curves: readonly Curve[],
  label: string,
): string {
  const [left, top, width, height] = [48, 14, 420, 240];
  const at = ([x, y]: readonly [number, number]): string =>
    `${round(left + ((x - xRange[0]) / (xRange[1] - xRange[0])) * width)},${round(top + height - ((y - yRange[0]) / (yRange[1] - yRange[0])) * height)}`;
  const line = (from: readonly [number, number], to: readonly [number, number]): string =>
    `<polyline points="${at(from)} ${at(to)}" fill="none" stroke="#d0d7de"/>`;
  const zero = yRange[0] < 0 ? [line([xRange[0], 0], [xRange[1], 0])] : [];
  const middle = xRange[0] < 0 ? [line([0, yRange[0]], [0, yRange[1]])] : [];
  return picture(640, 292, title, [
    box(left, top, width, height, `fill="none" stroke="${quiet}"`),
    ...zero,
    ...middle,
    ...curves.flatMap(({ name, points }, i) => {
      const inside = points.filter(([, y]) => y >= yRange[0] - 1e-6 && y <= yRange[1] + 1e-6);
      const key = top + 14 + i * 22;
      return [
        `<polyline points="${inside.map(at).join(" ")}" fill="none" stroke="${accents[i % accents.length]}" stroke-width="2"/>`,
        box(left + width + 16, key - 6, 16, 4, `fill="${accents[i % accents.length]}"`),
        text(left + width + 38, key, name, `fill="${ink}" font-size="12"`),
      ];
    }),
    text(left, top + height + 18, String(xRange[0]), `fill="${quiet}" font-size="12"`),
    text(left + width, top + height + 18, String(xRange[1]), `fill="${quiet}" font-size="12" text-anchor="end"`),
    text(left + width / 2, top + height + 18, label, `fill="${quiet}" font-size="12" text-anchor="middle"`),
    text(left - 6, top + 10, String(yRange[1]), `fill="${quiet}" font-size="12" text-anchor="end"`),
    text(left - 6, top + height, String(yRange[0]), `fill="${quiet}" font-size="12" text-anchor="end"`),
  ]);
}

async function activations(): Promise<string> {
  const names: ActivationName[] = ["relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus"];
  const xs = Float32Array.from({ length: 81 }, (_, i) => -4 + i / 10);
  const curves = await Promise.all(
    names.map(async (name): Promise<Curve> => {
      const { data } = await sequential([input([1]), activation(name)]).predict(ndarray(xs, [xs.length, 1]));
      return { name, points: Array.from(xs, (x, i) => [x, data[i]]) };
    }),
  );
  return chart("Activations", [-4, 4], [-1.5, 4], curves, "x");
}

function schedules(): string {
  const all: readonly (readonly [string, Schedule])[] = [
    ["exponentialDecay", exponentialDecay(0.1, 200, 0.5)],
    ["  staircase", exponentialDecay(0.1, 200, 0.5, { staircase: true })],
    ["inverseTimeDecay", inverseTimeDecay(0.1, 200, 1)],
    ["polynomialDecay", polynomialDecay(0.1, 800, { endLearningRate: 0.01 })],
    ["piecewiseConstant", piecewiseConstantDecay([300, 700], [0.1, 0.06, 0.02])],
    ["cosineDecay, warm-up", cosineDecay(0, 700, { warmupTarget: 0.09, warmupSteps: 200 })],
    ["cosineDecayRestarts", cosineDecayRestarts(0.1, 250, { mMul: 0.8 })],
  ];
  const curves = all.map(
    ([name, schedule]): Curve => ({
      name,
      points: Array.from({ length: 501 }, (_, i) => [2 * i, schedule.at(2 * i)]),
    }),
  );
  return chart("Learning rates over the iterations", [0, 1000], [0, 0.1], curves, "iteration");
}

/** What `explain` draws. */
function explained(layer: Layer, shape: Shape): string {
  let svg = "";
  explain(layer, shape, {
    format: "svg",
    print: (text) => {
      svg = `${text}\n`;
    },
  });
  return svg;
}

/** Every picture by its name in docs/images. */
export async function figures(): Promise<ReadonlyMap<string, string>> {
  const valid = { size: 5, kernel: 3, stride: 1, padding: "valid", beyond: "0" } as const;
  const pool = { size: 7, kernel: 2, stride: 2, padding: "valid", beyond: "–" } as const;
  return new Map([
    [
      "padding.svg",
      slidings("A window of 3 over 5 cells", [
        { ...valid, caption: "valid" },
        { ...valid, padding: "same", caption: "same" },
        { ...valid, size: 6, stride: 2, padding: "same", caption: "same" },
      ]),
    ],
    ["transposed.svg", transposed()],
    [
      "pooling.svg",
      slidings("Windows of 2 over 7 cells", [
        { ...pool, caption: "valid" },
        { ...pool, padding: "same", caption: "same" },
      ]),
    ],
    ["pooling-same.svg", explained(maxPooling2d(2, { padding: "same" }), [7, 7, 8])],
    ["pooling-valid.svg", explained(maxPooling2d(2), [7, 7, 8])],
    ["convolution-strided.svg", explained(conv1d(1, 3, { padding: "same", strides: 2 }), [28, 1])],
    ["activations.svg", await activations()],
    ["schedules.svg", schedules()],
  ]);
}
