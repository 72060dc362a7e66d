/** No op without a case: every record that `src/ops` exports stands in the table of test/ops/cases.ts. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { cases } from "./ops/cases.ts";

const folder = new URL("../src/ops/", import.meta.url);

interface Record_ {
  readonly name: string;
}

const isRecord = (value: unknown): value is Record_ =>
  typeof value === "object" && value !== null && "infer" in value && "lower" in value && "name" in value;

/** The op records among the exports of a module, also those one level deep in a table. */
const recordsIn = (module: object): Record_[] =>
  Object.values(module).flatMap((value: unknown) => {
    if (isRecord(value)) return [value];
    return typeof value === "object" && value !== null ? Object.values(value).filter(isRecord) : [];
  });

test("every op record has a case", async () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const records = new Set<Record_>();
  for (const file of files) {
    const module: object = await import(new URL(file, folder).href);
    for (const record of recordsIn(module)) records.add(record);
  }
  expect(records.size).toBeGreaterThan(30);
  const covered = new Set<object>(cases.map((c) => c.op));
  expect([...records].filter((r) => !covered.has(r)).map((r) => r.name)).toEqual([]);
});

test("names of records and of cases are unique", async () => {
  const names = cases.map((c) => c.name);
  expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
});
