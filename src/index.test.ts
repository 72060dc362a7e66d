import { expect, test } from "vitest";
import * as datasets from "./data/datasets.ts";
import * as rhyton from "./index.ts";

test("these names are public, and nothing else", () => {
  const names = Object.keys(rhyton).sort((a, b) => a.localeCompare(b, "en"));
  expect(names).toEqual([
    ..."activation adam averagePooling2d binaryAccuracy binaryCrossentropy categoricalAccuracy".split(" "),
    ..."categoricalCrossentropy constant conv2d CSVLogger dense flatten glorotNormal glorotUniform".split(" "),
    ..."heNormal heUniform input interp Layer lecunNormal lecunUniform loadModel maxPooling2d".split(" "),
    ..."meanAbsoluteError meanSquaredError model ndarray ones ops orthogonal pipe randomNormal".split(" "),
    ..."randomUniform readNpy reconstructionSheet reshape RhytonError sequential sgd show".split(" "),
    ..."sparseCategoricalAccuracy sparseCategoricalCrossentropy stages truncatedNormal upSampling2d".split(" "),
    ..."varianceScaling VERSION wasm writeNpy zeros".split(" "),
  ]);
  expect(Object.keys(datasets)).toEqual(["digits", "mnist"]);
});
