import { describe, expect, it } from "vitest";
import {
  add,
  averagePooling1d,
  concatenate,
  conv1dTranspose,
  conv2d,
  conv2dTranspose,
  cropping2d,
  dense,
  flatten,
  input,
  type Layer,
  type Model,
  maxPooling2d,
  model,
  ndarray,
  pipe,
  separableConv2d,
  type Tensor,
  upSampling2d,
} from "../index.ts";
import { mirrorAdvice, mirrorWords } from "./mirror.ts";
import type { SizedNode } from "./network-nodes.ts";

const same = { padding: "same" } as const;

/** The autoencoder whose decoder was mirrored from its encoder: 28 → 14 → 7 → 4 → 8 → 16 → 32. */
function mirrored(size = 28): Model {
  const image: Tensor = input([size, size, 1]);
  const layers = [
    conv2d(4, 3, same),
    maxPooling2d(2, same),
    conv2d(4, 3, same),
    maxPooling2d(2, same),
    conv2d(4, 3, same),
    maxPooling2d(2, same),
    conv2d(4, 3, same),
    upSampling2d(2),
    conv2d(4, 3, same),
    upSampling2d(2),
    conv2d(4, 3, same),
    upSampling2d(2),
    conv2d(1, 3, same),
  ] as unknown as readonly Layer[];
  return model(
    image,
    layers.reduce<Tensor>((x, layer) => (layer as (x: Tensor) => Tensor)(x), image),
  ) as Model;
}

const nodesOf = ({ network }: Model) => network.nodes as readonly SizedNode[];

const adviceFor = (m: Model, expected: readonly number[]): string | undefined => {
  const mirror = mirrorAdvice(nodesOf(m), m.network.outputs[0] as Tensor, expected);
  return mirror && mirrorWords(mirror, (layer) => m.network.nameOf(layer));
};

describe("advice about sizes", () => {
  it("finds the layer to change, and the cells to crop", () => {
    expect(adviceFor(mirrored(), [28, 28, 1])).toBe("28×28 expected, 32×32 built: make conv2d_5 valid, or crop 2");
  });

  it("holds: the change that it names gives the sizes", () => {
    const m = mirrored();
    const mirror = mirrorAdvice(nodesOf(m), m.network.outputs[0] as Tensor, [28, 28, 1]);
    expect(mirror?.ways.map((way) => way.map(({ of, change }) => [m.network.nameOf(of), change[1]]))).toEqual([
      [["conv2d_5", "valid"]],
    ]);
    expect(mirror?.ends).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });

  it("tries two changes where one is not enough, and names uneven ends", () => {
    // 12 → 6 → 3 → 2 → 4 → 8 → 16: four too many.
    expect(adviceFor(mirrored(12), [12, 12, 1])).toBe("12×12 expected, 16×16 built: make conv2d_5 valid, or crop 2");
    const x: Tensor = input([9, 9, 1]);
    const m = model(x, conv2d(1, 3, same)(conv2d(1, 3, same)(x) as Tensor<[number, number, number]>)) as Model;
    expect(adviceFor(m, [5, 5, 1])).toBe(
      "5×5 expected, 9×9 built: make conv2d valid and make conv2d_1 valid, or crop 2",
    );
    expect(adviceFor(m, [8, 6, 1])).toBe("8×6 expected, 9×9 built: crop [[0, 1], [1, 2]]");
    expect(adviceFor(m, [11, 10, 1])).toBe("11×10 expected, 9×9 built: pad [[1, 1], [0, 1]] with zeros");
    expect(adviceFor(m, [27, 27, 1])).toBe("27×27 expected, 9×9 built: enlarge it by 3");
  });

  it("knows what transposed convolutions can be given, and what pooling and separable convolutions can be made", () => {
    const x: Tensor = input([4, 4, 2]);
    const up = (outputPadding?: number) => conv2dTranspose(2, 3, { strides: 2, padding: "same", outputPadding });
    expect(adviceFor(model(x, up()(x)) as Model, [7, 7, 2])).toBe(
      "7×7 expected, 8×8 built: give conv2d_transpose outputPadding 0, or crop [[0, 1], [0, 1]]",
    );
    expect(adviceFor(model(x, up(0)(x)) as Model, [8, 8, 2])).toBe(
      "8×8 expected, 7×7 built: give conv2d_transpose outputPadding 1, or pad [[0, 1], [0, 1]] with zeros",
    );
    expect(adviceFor(model(x, up()(x)) as Model, [9, 9, 2])).toContain("make conv2d_transpose valid");
    const even = conv1dTranspose(2, 2, { strides: 2, padding: "same" });
    const line: Tensor = input([4, 2]);
    expect(adviceFor(model(line, even(line)) as Model, [7, 2])).toBe(
      "7 expected, 8 built: give conv1d_transpose outputPadding 1, or crop [0, 1]",
    );
    const odd: Tensor = input([7, 7, 2]);
    expect(adviceFor(model(odd, maxPooling2d(2)(odd)) as Model, [4, 4, 2])).toContain("make max_pooling2d same");
    expect(adviceFor(model(odd, separableConv2d(2, 3)(odd)) as Model, [7, 7, 2])).toContain(
      "make separable_conv2d same",
    );
    const signal: Tensor = input([5, 2]);
    expect(adviceFor(model(signal, averagePooling1d(2)(signal)) as Model, [3, 2])).toContain(
      "make average_pooling1d same",
    );
  });

  it("offers no change that another layer does not take", () => {
    const image = input([6, 6, 1]);
    const code = pipe(image, conv2d(1, 3, same), flatten(), dense(36));
    const m = model(image, code) as unknown as Model;
    expect(adviceFor(m, [16])).toBeUndefined();
    expect(adviceFor(mirrored(), [28, 28])).toBeUndefined();
    expect(adviceFor(mirrored(), [32, 32, 3])).toBeUndefined();
  });

  it("counts channels that come first as no size", () => {
    const x: Tensor = input([2, 9, 9]);
    const m = model(x, conv2d(4, 3, { dataFormat: "channels_first" })(x)) as Model;
    expect(adviceFor(m, [4, 9, 9])).toBe("9×9 expected, 7×7 built: make conv2d same, or pad 1 with zeros");
  });
});

describe("errors about sizes", () => {
  it("say what to do when targets have other sizes than the output", async () => {
    const m = mirrored();
    m.compile({ optimizer: "adam", loss: "mse" });
    const images = ndarray(new Float32Array(2 * 28 * 28), [2, 28, 28, 1]);
    await expect(m.fit(images, images, { verbose: 0 })).rejects.toThrow(
      "28×28 expected, 32×32 built: make conv2d_5 valid, or crop 2.",
    );
  });

  it("say it of every batch of data that comes in batches", async () => {
    const image: Tensor = input([null, null, 1]) as unknown as Tensor;
    const m = model(image, pipe(image, conv2d(1, 3, same), maxPooling2d(2), upSampling2d(2)) as Tensor) as Model;
    m.compile({ optimizer: "sgd", loss: "mse" });
    const batch = (n: number) => {
      const images = ndarray(new Float32Array(2 * n * n), [2, n, n, 1]);
      return [images, images] as const;
    };
    await expect(m.fit([batch(8), batch(7)], { verbose: 0 })).rejects.toThrow("7×7 expected, 6×6 built: ");
  });

  it("say it also of a model whose sizes are open", async () => {
    const image: Tensor = input([null, null, 1]) as unknown as Tensor;
    const m = model(
      image,
      pipe(image, conv2d(1, 3, same), maxPooling2d(2, same), upSampling2d(2), conv2d(1, 4)) as Tensor,
    );
    m.compile({ optimizer: "adam", loss: "mse" });
    const images = ndarray(new Float32Array(2 * 7 * 7), [2, 7, 7, 1]);
    await expect((m as Model).fit(images, images, { verbose: 0 })).rejects.toThrow(
      "7×7 expected, 5×5 built: pad 1 with zeros.",
    );
    const signals = ndarray(new Float32Array(2 * 8 * 8), [2, 8, 8, 1]);
    await expect((m as Model).fit(signals, signals, { verbose: 0 })).rejects.toThrow(
      "8×8 expected, 5×5 built: make conv2d_1 same, or pad [[1, 2], [1, 2]] with zeros.",
    );
  });

  it("say what to do when branches do not meet", () => {
    const x: Tensor = input([28, 28, 4]);
    const wide = conv2d(4, 3, same)(x) as Tensor;
    const narrow = conv2d(4, 3)(wide) as Tensor;
    expect(() => add([wide, narrow])).toThrow(
      "add: got the shapes (None, 28, 28, 4) and (None, 26, 26, 4), expected sizes that are equal or 1, counted from the last axis. " +
        "26×26 expected, 28×28 built: make conv2d_1 same, or crop 1.",
    );
    expect(() => concatenate([narrow, wide])).toThrow("26×26 expected, 28×28 built: make conv2d_1 same, or crop 1.");
    // Not where it is the channels that differ.
    expect(() => add([wide, conv2d(3, 1)(x) as Tensor])).toThrow("Reshape, crop or pad one of them.");
    expect(cropping2d(1)(wide).shape).toEqual(narrow.shape);
  });
});
