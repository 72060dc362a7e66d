/** The text format of WebAssembly: what `show` prints of a generated module. */
import type { Module } from "./assembler.ts";
import type { Callable, Expr, Global, Label, Local, ValueType } from "./instructions.ts";

/** A module in the text format. */
export function moduleText({ functions, globals: variables, exportedGlobals, memory }: Module): string {
  const names = uniqueNames(functions);
  const globals = uniqueNames(variables);
  const lines = ["(module"];
  if (memory) {
    const { module, name, initialPages, maximumPages, shared } = memory;
    const limits = [initialPages, maximumPages, shared ? "shared" : undefined].filter((x) => x !== undefined);
    lines.push(`  (import ${quote(module)} ${quote(name)} (memory ${limits.join(" ")}))`);
  }
  for (const item of variables) {
    const exported = exportedGlobals.filter((e) => e.item === item).map((e) => `(export ${quote(e.name)})`);
    const type = item.mutable ? `(mut ${item.type})` : item.type;
    lines.push(`  (${["global", globals.get(item), ...exported, type].join(" ")} (${head(item.init, noTextScope)}))`);
  }
  for (const func of functions) {
    const locals = uniqueNames(func.locals);
    const scope: TextScope = { functions: names, globals, locals, labels: new Map(), count: 0 };
    const params = func.locals.slice(0, func.operands.length);
    const first = [
      `func ${names.get(func)}`,
      ...(func.exportName === undefined ? [] : [`(export ${quote(func.exportName)})`]),
      ...params.map((param) => `(param ${locals.get(param)} ${param.type})`),
      ...resultText(func),
    ];
    lines.push(`  (${first.join(" ")}`);
    for (const variable of func.locals.slice(params.length)) {
      lines.push(`    (local ${locals.get(variable)} ${variable.type})`);
    }
    for (const expr of func.body) print(lines, expr, 4, scope);
    lines[lines.length - 1] += ")";
  }
  lines[lines.length - 1] += ")";
  return `${lines.join("\n")}\n`;
}

const WIDTH = 110;

interface TextScope {
  readonly functions: ReadonlyMap<Callable, string>;
  readonly globals: ReadonlyMap<Global<ValueType>, string>;
  readonly locals: ReadonlyMap<Local<ValueType>, string>;
  readonly labels: Map<Label<ValueType | "none">, string>;
  /** How many labels have a name so far. */
  count: number;
}

const noTextScope: TextScope = {
  functions: new Map(),
  globals: new Map(),
  locals: new Map(),
  labels: new Map(),
  count: 0,
};

const resultText = ({ result }: Callable): string[] => (result === "none" ? [] : [`(result ${result})`]);

/** A `$name` for each item; equal names get a number. */
function uniqueNames<T extends { readonly name: string }>(items: readonly T[]): Map<T, string> {
  const taken = new Set<string>();
  const names = new Map<T, string>();
  for (const item of items) {
    const base = `$${item.name.replace(/[^\w!#$%&'*+\-./:<=>?@\\^`|~]/g, "_") || "_"}`;
    let name = base;
    for (let k = 1; taken.has(name); k++) name = `${base}_${k}`;
    taken.add(name);
    names.set(item, name);
  }
  return names;
}

/** A string of the text format. Characters that it does not take are written as bytes. */
const quote = (text: string): string => {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte),
  );
  return `"${bytes.join("")}"`;
};

function floatText(value: number, wide: boolean): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  if (wide || Number.isInteger(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** An instruction's name and immediates. */
function head(expr: Expr, scope: TextScope): string {
  const { instruction, immediate } = expr;
  const words: (string | number | bigint | undefined)[] = [instruction.name];
  switch (immediate.kind) {
    case "none":
      break;
    case "memory":
      if (immediate.offset !== 0) words.push(`offset=${immediate.offset}`);
      if (immediate.align !== instruction.size) words.push(`align=${immediate.align}`);
      if (immediate.lane !== undefined) words.push(immediate.lane);
      break;
    case "lanes":
      words.push(...immediate.lanes);
      break;
    case "i32":
    case "i64":
      words.push(immediate.value);
      break;
    case "f32":
    case "f64":
      words.push(floatText(immediate.value, immediate.kind === "f64"));
      break;
    case "v128": {
      const { shape, lanes } = immediate;
      words.push(shape, ...lanes.map((x) => (shape === "f32x4" ? floatText(x, false) : String(x))));
      break;
    }
    case "local":
      words.push(scope.locals.get(immediate.local));
      break;
    case "global":
      words.push(scope.globals.get(immediate.global));
      break;
    case "function":
      words.push(scope.functions.get(immediate.callee));
      break;
    case "label":
      words.push(scope.labels.get(immediate.label));
      break;
    case "block":
      if (immediate.label) {
        const name = `$${immediate.label.kind}${++scope.count}`;
        scope.labels.set(immediate.label, name);
        words.push(name);
      }
      if (immediate.result !== "none") words.push(`(result ${immediate.result})`);
      break;
    default:
      immediate satisfies never;
  }
  return words.join(" ");
}

/** The expression on one line, or nothing when it has more than `room` characters or a block. */
function oneLine(expr: Expr, room: number, scope: TextScope): string | undefined {
  if (expr.immediate.kind === "block") return undefined;
  let line = `(${head(expr, scope)}`;
  for (const inner of expr.operands) {
    const text = line.length < room ? oneLine(inner, room - line.length - 2, scope) : undefined;
    if (text === undefined) return undefined;
    line += ` ${text}`;
  }
  return line.length < room ? `${line})` : undefined;
}

function print(lines: string[], expr: Expr, indent: number, scope: TextScope): void {
  const pad = " ".repeat(indent);
  const { operands, immediate } = expr;
  const line = oneLine(expr, WIDTH - indent, scope);
  if (line !== undefined) {
    lines.push(pad + line);
    return;
  }
  lines.push(`${pad}(${head(expr, scope)}`);
  for (const inner of operands) {
    const start = lines.length - 1;
    const short = immediate.kind === "block" ? oneLine(inner, WIDTH - lines[start].length, scope) : undefined;
    if (short === undefined) print(lines, inner, indent + 2, scope);
    else lines[start] += ` ${short}`;
  }
  if (immediate.kind === "block") {
    const clause = expr.instruction.name === "if";
    const bodies = clause ? [immediate.body, immediate.otherwise] : [immediate.body];
    bodies.forEach((body, k) => {
      if (k === 1 && body.length === 0) return;
      if (clause) lines.push(`${pad}  (${k === 0 ? "then" : "else"}`);
      for (const inner of body) print(lines, inner, indent + (clause ? 4 : 2), scope);
      if (clause) lines[lines.length - 1] += ")";
    });
  }
  lines[lines.length - 1] += ")";
}
