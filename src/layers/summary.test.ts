/** The table of `summary`, character for character as Keras printed it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { add, concatenate } from "../ops/index.ts";
import { conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import { Network } from "./network.ts";
import { pipe } from "./pipe.ts";
import { maxPooling2d } from "./pooling.ts";
import { flatten, reshape } from "./reshaping.ts";
import { summaryText } from "./summary.ts";
import { upSampling2d } from "./upsampling.ts";

interface Text {
  readonly show_trainable: boolean;
  readonly expand_nested: boolean;
  readonly line_length: number;
  readonly text: string;
}
interface Case {
  readonly name: string;
  readonly texts: readonly Text[];
}
const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/summary.txt.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

class Concatenate extends Layer {
  call(xs: readonly Tensor[]) {
    return concatenate(xs, -1);
  }
}
class Add extends Layer {
  call([a, b]: readonly Tensor[]) {
    return add(a, b);
  }
}
/** A model inside a model. */
class Nested extends Layer {
  readonly layers: readonly Layer[];
  readonly network: Network;
  override get className() {
    return this.layers[0].className === "InputLayer" ? "Functional" : "Sequential";
  }
  constructor(name: string, network: Network, layers = network.layers) {
    super({ name });
    this.network = network;
    this.layers = layers;
  }
  call(x: Tensor, context: { readonly training: boolean }) {
    return this.network.trace([x], context)[0];
  }
}

type Content = Network | readonly Layer[];
const same = { padding: "same", activation: "relu" } as const;
const half = { padding: "same" } as const;

function seed(): Content {
  const x = input([28, 28, 1]);
  const code = pipe(
    x,
    conv2d(16, 3, same),
    maxPooling2d(2, half),
    conv2d(8, 3, same),
    maxPooling2d(2, half),
    conv2d(8, 3, same),
    maxPooling2d(2, half),
  );
  const y = pipe(
    code,
    conv2d(8, 3, same),
    upSampling2d(2),
    conv2d(8, 3, same),
    upSampling2d(2),
    conv2d(16, 3),
    upSampling2d(2),
    conv2d(1, 3, same),
  );
  return new Network([x], [y]);
}

function twoDense(isBuilt: boolean): Content {
  const layers = [dense(3), dense(2)];
  const x = input([4]);
  if (isBuilt) new Network([x], [pipe(x, ...layers)]);
  // Names come with the model; without one the second has to be told apart.
  else layers[1].modelName = "dense_1";
  return layers;
}

function branches(): Content {
  const [left, right] = [input([8, 8, 1], { name: "left" }), input([6], { name: "right" })];
  const seen = pipe(left, conv2d(4, 3), flatten());
  const told = dense(16)(right);
  const mixed = dense(16)(new Concatenate()([seen, told]));
  const total = new Add()([mixed, told]);
  const outputs = [dense(1, { name: "score" })(total), dense(3, { name: "kind" })(total)];
  return new Network([left, right], outputs);
}

function shared(): Content {
  const x = input([5]);
  const layer = dense(5);
  return new Network([x], [layer(layer(x))]);
}

function nested(): Content {
  const image = input([8, 8, 1], { name: "image" });
  const encoded = pipe(image, conv2d(4, 3, { ...half, strides: 2 }), flatten());
  const encoder = new Nested("encoder", new Network([image], [encoded]));
  const code = input([64], { name: "code" });
  const last = conv2d(1, 3, half);
  last.modelName = "conv2d_1";
  const decoder = new Nested("decoder", new Network([code], [pipe(code, reshape([4, 4, 4]), upSampling2d(2), last)]));
  const start = input([8, 8, 1]);
  const flat = flatten();
  flat.modelName = "flatten_1";
  const rest = [maxPooling2d(2), flat];
  const head = new Nested("head", new Network([start], [pipe(start, ...rest)]), rest);
  const picture = input([8, 8, 1], { name: "picture" });
  return new Network([picture], [pipe(picture, encoder, decoder, head)]);
}

function frozen(): Content {
  const layers = [
    dense(3, { name: "a_layer_with_a_name_that_is_much_too_long_for_the_column", trainable: false }),
    dense(1000, { name: "wide" }),
  ];
  const x = input([4]);
  new Network([x], [pipe(x, ...layers)]);
  return layers;
}

const contents: Readonly<Record<string, () => Content>> = {
  autoencoder: seed,
  sequential: () => twoDense(true),
  unbuilt: () => twoDense(false),
  branches,
  shared,
  nested,
  frozen,
  compiled: () => twoDense(true),
  trained: () => twoDense(true),
  trained_autoencoder: seed,
};
const optimizerParams: Readonly<Record<string, number>> = { trained: 48, trained_autoencoder: 8772 };

describe("as Keras prints it", () => {
  test("every case of the fixture is here", () => {
    expect(Object.keys(contents).sort()).toEqual(cases.map((c) => c.name).sort());
  });

  for (const c of cases) {
    test.each(c.texts)(
      `${c.name}, $line_length characters, trainable $show_trainable, expanded $expand_nested`,
      (t) => {
        const text = summaryText(contents[c.name](), {
          name: /Model: "(.*)"/.exec(t.text)![1],
          lineLength: t.line_length,
          showTrainable: t.show_trainable,
          expandNested: t.expand_nested,
          optimizerParams: optimizerParams[c.name],
        });
        expect(text.trimEnd()).toBe(t.text.trimEnd());
      },
    );
  }
});

describe("width", () => {
  const width = (options: { readonly columns?: number }): number =>
    summaryText(seed(), { name: "m", ...options }).split("\n")[1].length;

  test("is that of the terminal less 4, at most 88", () => {
    expect(width({})).toBe(76);
    expect(width({ columns: 60 })).toBe(56);
    expect(width({ columns: 200 })).toBe(88);
  });

  test("of less than every column needs is refused", () => {
    expect(() => summaryText(seed(), { name: "m", lineLength: 12 })).toThrow(
      "summary: lineLength is 12, expected room",
    );
  });
});

test("ops between layers have rows of their own", () => {
  const x = input([2]);
  const text = summaryText(new Network([x], [dense(3)(add(x, 1))]), { name: "m" });
  expect(text).toContain("│ add (Add)                       │ (None, 2)              │             0 │");
});
