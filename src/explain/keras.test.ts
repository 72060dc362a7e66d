/** Windows against real Keras: fixtures/windows.json says which cells of the input change each cell of the output. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { explain, type Layer } from "../index.ts";
import { windowLayers } from "../layers/registry.ts";

interface Case {
  readonly name: string;
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly sizes: readonly number[];
  readonly channels: number;
  /** Without the batch. */
  readonly output: readonly number[];
  /** For each axis and each position of the output positions of the input. */
  readonly windows: readonly (readonly (readonly number[])[])[];
}

const { cases, versions } = JSON.parse(
  readFileSync(new URL("../../fixtures/windows.json", import.meta.url), "utf8"),
) as { readonly cases: readonly Case[]; readonly versions: { readonly keras: string } };

const classes = [...new Set(cases.map((one) => one.class))];

describe(`as Keras ${versions.keras} has it`, () => {
  it.each(classes)("%s", (name) => {
    for (const { config, sizes, channels, output, windows, name: title } of cases.filter((one) => one.class === name)) {
      const layer = windowLayers.get(name)?.fromConfig(config) as Layer;
      const shape = config.data_format === "channels_first" ? [channels, ...sizes] : [...sizes, channels];
      const { axes, outputs } = explain(layer, shape, { print: () => {} });
      expect(outputs, title).toEqual([output]);
      // Padding changes nothing, so Keras does not show it.
      const cells = axes.map((axis) => axis.windows.map((window) => window.filter((p) => p >= 0 && p < axis.input)));
      expect(cells, title).toEqual(windows);
    }
  });
});

it("there are hundreds of cases, of every layer with windows", () => {
  expect(cases.length).toBeGreaterThan(400);
  expect(classes.toSorted()).toEqual([...windowLayers.keys()].toSorted());
});
