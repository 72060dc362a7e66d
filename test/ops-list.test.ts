/** No op without a case: every record that `src/ops` exports stands in the table of test/ops/cases.ts and in that of the doctor. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { opCases } from "../src/doctor/cases.ts";
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
  for (const table of [cases, opCases()]) {
    const covered = new Set<object>(table.map((c) => c.op));
    expect([...records].filter((r) => !covered.has(r)).map((r) => r.name)).toEqual([]);
  }
});

test.each([cases, opCases()])("names of cases are unique", async (...table) => {
  const names = table.map((c) => c.name);
  expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
});
