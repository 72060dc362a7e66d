import { expect, test } from "vitest";
import { layerNames } from "./names.ts";
import { layerRegistry } from "./registry.ts";

test("the list of names is that of the registry", () => {
  expect([...layerNames].sort()).toEqual([...layerRegistry.keys()].sort());
});
