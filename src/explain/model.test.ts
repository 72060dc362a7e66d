/** Models explained: every layer, costs, receptive fields; and all formats. */
import { describe, expect, it } from "vitest";
import {
  add,
  concatenate,
  conv1d,
  conv2d,
  dense,
  type ExplainOptions,
  type Explanation,
  explain,
  explainFormats,
  flatten,
  input,
  type Layer,
  type Model,
  maxPooling2d,
  model,
  ops,
  pipe,
  type Shape,
  sequential,
  upSampling2d,
} from "../index.ts";

const same = { padding: "same" } as const;

/** An explanation and what was printed. */
function explained(what: unknown, shape?: Shape, options: ExplainOptions = {}): { data: Explanation; text: string } {
  let text = "";
  const print = (given: string) => {
    text = given;
  };
  return { data: explain(what as Layer, shape as Shape, { ...options, print }), text };
}

const autoencoder = (): Model => {
  const image = input([7, 7, 1]);
  return model(
    image,
    pipe(image, conv2d(2, 3, same), maxPooling2d(2, same), upSampling2d(2), conv2d(1, 3, same)),
  ) as unknown as Model;
};

const modelOf = (data: Explanation) => {
  if (data.kind !== "model") throw new Error("a layer");
  return data;
};

describe("a model", () => {
  it("is explained layer by layer, with costs and what would restore its sizes", () => {
    const { data, text } = explained(autoencoder());
    const { layers, cost, mirror } = modelOf(data);
    expect(layers.map(({ name, axes }) => [name, axes[0]?.output])).toEqual([
      ["conv2d", 7],
      ["max_pooling2d", 4],
      ["up_sampling2d", 8],
      ["conv2d_1", 8],
    ]);
    expect(cost.multiplyAdds).toBe(7 * 7 * 2 * 9 + 8 * 8 * 9 * 2);
    expect(cost.parameters).toBe(2 * 9 + 2 + 2 * 9 + 1);
    expect(mirror?.advice).toBe("7×7 expected, 8×8 built: crop [[0, 1], [0, 1]]");
    expect(text).toContain("to restore its sizes: 7×7 expected, 8×8 built");
    expect(text).toContain("max_pooling2d (MaxPooling2D): (None, 7, 7, 2) → (None, 4, 4, 2)");
  });

  it("may be explained for other sizes, where its layers take them", () => {
    const m = autoencoder();
    expect(modelOf(explained(m, [8, 8, 1]).data)).toMatchObject({ outputs: [[8, 8, 1]], mirror: undefined });
    const nine = modelOf(explained(m, [9, 9, 1]).data);
    expect(nine.mirror?.advice).toBe("9×9 expected, 10×10 built: crop [[0, 1], [0, 1]]");
    expect(m.network.outputs[0].shape).toEqual([8, 8, 1]);
    const x = input([4, 4, 1]);
    const flat = model(x, pipe(x, flatten(), dense(3)));
    expect(() => explained(flat, [5, 5, 1])).toThrow("dense");
    expect(() =>
      explained(flat, [
        [4, 4, 1],
        [4, 4, 1],
      ] as unknown as Shape),
    ).toThrow("expected 1 shape");
  });

  it("counts weights that are used twice once, and names both runs", () => {
    const twice = conv2d(1, 3, same);
    const x = input([5, 5, 1]);
    const m = model(x, (twice as unknown as Layer)((twice as unknown as Layer)(x)));
    const { layers, cost } = modelOf(explained(m).data);
    expect(layers.map(({ name }) => name)).toEqual(["conv2d", "conv2d (run 2)"]);
    expect(cost.parameters).toBe(10);
  });

  it("shows ops that stand between layers", () => {
    const x = input([4, 4, 1]);
    const m = model(x, ops.multiply(conv2d(1, 1)(x), 2));
    expect(modelOf(explained(m).data).layers.map(({ className }) => className)).toEqual(["Conv2D", "Multiply"]);
  });

  it("needs to know its input", () => {
    expect(() => explained(sequential([dense(3)] as unknown as Layer[]))).toThrow("does not know its input shape yet");
  });
});

describe("a receptive field", () => {
  it("is followed back to the input, tensor by tensor", () => {
    const [field] = modelOf(explained(autoencoder(), undefined, { cell: [0, 4] }).data).fields;
    // A 3×3 window, two halves of a cell each, pooled from two cells each, by a 3×3 window.
    expect(field.steps.map(({ name, axes, count }) => [name, axes[0], axes[1], count])).toEqual([
      ["input_layer", [0, 1, 2], [1, 2, 3, 4, 5, 6], 18],
      ["conv2d", [0, 1], [2, 3, 4, 5], 16],
      ["max_pooling2d", [0], [1, 2], 4],
      ["up_sampling2d", [0, 1], [3, 4, 5], 12],
    ]);
  });

  it("is followed forward from a cell of the input", () => {
    const [field] = modelOf(explained(autoencoder(), undefined, { inputCell: [6, 6, 0] }).data).fields;
    expect(field.of).toBe("input");
    expect(field.steps.at(-1)).toMatchObject({ name: "conv2d_1", axes: [[3, 4, 5, 6, 7], [3, 4, 5, 6, 7], [0]] });
  });

  it("goes through all branches", () => {
    const x = input([9, 9, 1]);
    const wide = conv2d(1, 5, same)(x);
    const narrow = conv2d(1, 1)(x);
    const m = model(x, [add([wide, narrow]), concatenate([narrow, narrow])]);
    const fields = (options: ExplainOptions) => modelOf(explained(m, undefined, options).data).fields;
    expect(fields({ cell: [4, 4] })[0].steps[0]).toMatchObject({
      axes: [[2, 3, 4, 5, 6], [2, 3, 4, 5, 6], [0]],
      count: 25,
    });
    expect(fields({ cell: [4, 4], output: 1 })[0].steps[0]).toMatchObject({ axes: [[4], [4], [0]], count: 1 });
    expect(fields({ cell: [0, 0], inputCell: [0, 0] })).toHaveLength(2);
  });

  it("of a layer is that of its windows", () => {
    const { data, text } = explained(conv2d(1, 3, { ...same, strides: 2 }), [5, 5, 1], { cell: [2, 0] });
    expect(data.fields[0].steps[0]).toMatchObject({ name: "input", axes: [[3, 4], [0, 1], [0]], count: 4 });
    expect(text).toContain(`cell [2; 0; all] of output depends on
  input  [3, 4; 0, 1; all]  4 of 25

    · · · · ·
    · · · · ·
    · · · · ·
    ■ ■ · · ·
    ■ ■ · · ·`);
  });

  it("refuses cells that there are not", () => {
    const m = autoencoder();
    expect(() => explained(m, undefined, { cell: [8, 0] })).toThrow(
      "explain: cell is [8, 0], expected positions within (8, 8, 1). null stands for all of an axis.",
    );
    expect(() => explained(m, undefined, { cell: [0], output: 1 })).toThrow(
      "output is 1, expected a number from 0 to 0, or a name: conv2d_1",
    );
    expect(() => explained(m, undefined, { cell: [0], output: "conv2d_2" })).toThrow(
      'there is no output "conv2d_2". Did you mean "conv2d_1"?',
    );
    expect(() => explained(m, undefined, { format: "pdf" } as unknown as ExplainOptions)).toThrow('no format "pdf"');
  });
});

describe("a model of several inputs and outputs", () => {
  const [left, right] = [input([5, 5, 1], { name: "left" }), input([5, 5, 1], { name: "right" })];
  const wide = conv2d(1, 5, same)(left);
  const narrow = conv2d(1, 3, same)(right);
  const m = model([left, right], [conv2d(1, 1, { name: "sum" })(add([wide, narrow])), maxPooling2d(5)(narrow)]);
  const fieldsOf = (options: ExplainOptions) => modelOf(explained(m, undefined, options).data).fields;
  const ends = (options: ExplainOptions) =>
    fieldsOf(options)[0].steps.flatMap(({ name, count, isEnd }) => (isEnd ? [[name, count]] : []));

  it("is asked about an output and an input by name or number", () => {
    const both = [
      ["left", 9],
      ["right", 4],
    ];
    expect(ends({ cell: [0, 0], output: "sum" })).toEqual(both);
    expect(ends({ cell: [0, 0], output: 0 })).toEqual(both);
    expect(ends({ cell: [0, 0], output: "max_pooling2d" })).toEqual([["right", 25]]);
    expect(ends({ inputCell: [4, 4], input: "right" })).toEqual([
      ["sum", 4],
      ["max_pooling2d", 1],
    ]);
    expect(ends({ inputCell: [4, 4] })).toEqual([["sum", 9]]);
  });

  it("has a picture for each end", () => {
    const { text } = explained(m, undefined, { cell: [4, 0] });
    expect(text).toContain(`
    left
    · · · · ·
    · · · · ·
    ■ ■ ■ · ·
    ■ ■ ■ · ·
    ■ ■ ■ · ·

    right
    · · · · ·
    · · · · ·
    · · · · ·
    ■ ■ · · ·
    ■ ■ · · ·`);
  });
});

describe("one layer of a model", () => {
  const layerOf = (what: Model, options: ExplainOptions & { readonly layer: string }, shape?: Shape) => {
    let text = "";
    const print = (given: string) => {
      text = given;
    };
    return { data: explain(what, shape, { ...options, print }), text };
  };

  it("is explained at the sizes that it has there", () => {
    const { data, text } = layerOf(autoencoder(), { layer: "max_pooling2d" });
    expect(data).toMatchObject({ kind: "layer", inputs: [[7, 7, 2]], outputs: [[4, 4, 2]], fields: [] });
    expect(text).toMatch(/^max_pooling2d \(MaxPooling2D\): /);
    expect(text).not.toContain("conv2d");
    expect(layerOf(autoencoder(), { layer: "max_pooling2d" }, [9, 9, 1]).data.outputs).toEqual([[5, 5, 2]]);
  });

  it("has cells that are followed to both ends of the model", () => {
    const { data } = layerOf(autoencoder(), { layer: "max_pooling2d", cell: [0, 3] });
    const found = data.fields.map(({ of, steps }) => [of, ...steps.map(({ name, axes }) => [name, axes[0], axes[1]])]);
    expect(found).toEqual([
      ["output", ["input_layer", [0, 1, 2], [5, 6]], ["conv2d", [0, 1], [6]]],
      ["input", ["up_sampling2d", [0, 1], [6, 7]], ["conv2d_1", [0, 1, 2], [5, 6, 7]]],
    ]);
  });

  it("may be where a cell of the input is followed to", () => {
    const { data } = layerOf(autoencoder(), { layer: "max_pooling2d", inputCell: [6, 0] });
    expect(data.fields).toHaveLength(1);
    expect(data.fields[0].steps.map(({ name, count }) => [name, count])).toEqual([
      ["conv2d", 8],
      ["max_pooling2d", 4],
    ]);
  });

  it("is named as the model names it", () => {
    expect(() => layerOf(autoencoder(), { layer: "max_poling2d" })).toThrow(
      'there is no layer "max_poling2d". Did you mean "max_pooling2d"? Known: conv2d, max_pooling2d, up_sampling2d, conv2d_1.',
    );
    expect(() => layerOf(autoencoder(), { layer: 3 as unknown as string })).toThrow(
      "layer is 3, expected the name of a layer",
    );
    expect(() => explained(conv2d(1, 3), [5, 5, 1], { layer: "conv2d" } as ExplainOptions)).toThrow(
      "since this is a layer",
    );
  });
});

describe("a model that is a layer", () => {
  const nested = (): Model => {
    const image = input([7, 7, 1]);
    const encoder = model(image, pipe(image, conv2d(2, 3, same), maxPooling2d(2, same)), { name: "encoder" });
    const code = input([4, 4, 2]);
    const decoder = model(code, pipe(code, upSampling2d(2), conv2d(1, 2, same)), { name: "decoder" });
    return model(image, decoder(encoder(image))) as unknown as Model;
  };

  it("is explained layer by layer, too, and advised about", () => {
    const { layers, cost, mirror } = modelOf(explained(nested()).data);
    expect(layers.map(({ name, axes }) => [name, axes[0].output])).toEqual([
      ["encoder/conv2d", 7],
      ["encoder/max_pooling2d", 4],
      ["decoder/up_sampling2d", 8],
      ["decoder/conv2d", 8],
    ]);
    expect(cost).toMatchObject({ multiplyAdds: 7 * 7 * 2 * 9 + 8 * 8 * 4 * 2, parameters: 20 + 9 });
    expect(mirror?.advice).toBe("7×7 expected, 8×8 built: make decoder/conv2d valid, or crop [[0, 1], [0, 1]]");
  });

  it("has fields through all of it", () => {
    const { fields } = explain(nested(), undefined, { layer: "encoder/max_pooling2d", cell: [0, 0], print: () => {} });
    expect(fields.map(({ steps }) => steps.map(({ name, count }) => [name, count]))).toEqual([
      [
        ["input_layer", 9],
        ["encoder/conv2d", 8],
      ],
      [
        ["decoder/up_sampling2d", 8],
        ["decoder/conv2d", 4],
      ],
    ]);
  });

  it("tells fit's errors which of its layers to change", async () => {
    const m = nested();
    m.compile({ optimizer: "sgd", loss: "mse" });
    const x = { data: new Float32Array(49), shape: [1, 7, 7, 1] };
    await expect(m.fit(x, x, { verbose: 0 })).rejects.toThrow("7×7 expected, 8×8 built: make decoder/conv2d valid");
  });
});

describe("formats", () => {
  it("say the same: JSON is the data", () => {
    const { data, text } = explained(autoencoder(), undefined, { format: "json", cell: [1, 1] });
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(data)));
  });

  it("Markdown has a table of costs and one for each axis", () => {
    const { text } = explained(autoencoder(), undefined, { format: "markdown" });
    expect(text).toContain("| conv2d | (None, 7, 7, 1) → (None, 7, 7, 2) | 882 | 20 | 80.00 B | 392.00 B |");
    expect(text).toContain("| height, width | 7 → 4 |\n| --- | --- |\n| size | ⌈n / s⌉ = ⌈7 / 2⌉ = 4 |");
    expect(text.split("```").length % 2).toBe(1);
  });

  it("Markdown draws a picture with its padding and three windows, and a signal window by window", () => {
    const pool = explained(maxPooling2d(2, same), [5, 6, 1], { format: "markdown" }).text;
    expect(pool).toContain(`
a a · · · ·
a a · · · ·
· · b b · ·
· · b b · ·
· · · · c c
□ □ □ □ C C

Windows: a of [0, 0], b of [1, 1], c of [2, 2]; capitals: padding that they read; □ other padding
`);
    const strided = explained(conv2d(1, 2, { strides: 3 }), [5, 5, 1], { format: "markdown" }).text;
    expect(strided).toContain(`
a a x · ·
a a x · ·
x x x x x
· · x b b
· · x b b

Windows: a of [0, 0], b of [1, 1]; x cells that no window reads
`);
    const signal = explained(conv1d(1, 2), [3, 1], { format: "markdown" }).text;
    expect(signal).toContain("0  ■ ■ ·\n1  · ■ ■");
  });

  /** Corners of the squares of a kind in a drawing in two dimensions. */
  const squares = (svg: string, kind: string) => {
    const [, path = ""] = new RegExp(`<path class="${kind}" d="([^"]+)"`).exec(svg) ?? [];
    return [...path.matchAll(/M(\d+) (\d+)h/g)].map(([, x, y]) => [Number(x), Number(y)]);
  };

  it("SVG draws a signal with padding on the side where it is, and a line for every cell that is read", () => {
    const { data, text } = explained(conv1d(1, 3, { padding: "causal" }), [7, 1], { format: "svg" });
    const [axis] = (data as Extract<Explanation, { kind: "layer" }>).axes;
    expect(text.match(/<line /g)).toHaveLength(axis.windows.flat().length);
    const padded = [...text.matchAll(/<rect x="(\d+)"[^>]* class="padding"/g)];
    expect(padded.map(([, x]) => Number(x))).toEqual([0, 24]);
    expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^>]*>\n[\s\S]*<\/svg>$/);
  });

  it("SVG draws a picture in two dimensions: padding, unread cells, windows", () => {
    const { text } = explained(maxPooling2d([2, 3], same), [3, 4, 1], { format: "svg" });
    const [input] = text.split(">output 2 × 2<");
    const places = (kind: string) => squares(input, kind).map(([x, y]) => [(y - 40) / 28, (x - 24) / 28]);
    // 3 rows and 1 of padding behind; 4 columns and 1 of padding on either side.
    const padding = [0, 1, 2].flatMap((row) => [
      [row, 0],
      [row, 5],
    ]);
    const below = [0, 1, 2, 3, 4, 5].map((column) => [3, column]);
    expect(places("padding")).toEqual([...padding, ...below]);
    expect(places("cell")).toHaveLength(12);
    // Drawn first, so that it does not lie over the edge of the picture.
    expect(input.indexOf('<path class="padding"')).toBeLessThan(input.indexOf('<path class="cell"'));
    const outlines = [
      ...input.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" class="window w(\d)"/g),
    ];
    const sizes = outlines.map(([, ...numbers]) => numbers.map(Number));
    expect(sizes).toEqual([
      [24, 40, 84, 56, 0],
      [24 + 84, 40 + 56, 84, 56, 1],
    ]);
    expect(text).not.toContain("<line ");
    const dropped = explained(maxPooling2d(2), [3, 4, 1], { format: "svg" }).text;
    expect(squares(dropped, "unread")).toHaveLength(4);
    expect(dropped).toContain("cells that no window reads");
  });

  it("SVG counts the windows that read a cell, and the cells that a window reads", () => {
    const { text } = explained(conv2d(1, 3, same), [3, 3, 1], { format: "svg" });
    const numbers = (part: string) => [...part.matchAll(/<tspan[^>]*>(\d+)</g)].map(([, n]) => Number(n));
    const [input, output] = text.split(">output 3 × 3<");
    expect(numbers(input)).toEqual([4, 6, 4, 6, 9, 6, 4, 6, 4]);
    expect(numbers(output)).toEqual([4, 6, 4, 6, 9, 6, 4, 6, 4]);
  });

  it("SVG has colours for light and for dark pages", () => {
    const { text } = explained(maxPooling2d(2), [4, 4, 1], { format: "svg" });
    expect(text).toContain("@media(prefers-color-scheme:dark){");
    const named = new Set([...text.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour));
    expect([...named]).toEqual([]);
  });

  it.each(explainFormats)("%s leaves out the middle of what is long", (format) => {
    const { text } = explained(conv2d(1, 3, same), [1000, 1000, 1], { format });
    expect(format === "json" || text.length < 40_000).toBe(true);
    expect(format === "json" || text.includes("…")).toBe(true);
  });
});
