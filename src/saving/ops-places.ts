/** Ops of Keras in files that only move cells: from a call with its axes and shapes, which count the batch. */
import { sizeOf } from "../core/array.ts";
import { Tensor } from "../graph/tensor.ts";
import { concatenate, pad, reshape, slice, transpose } from "../ops/index.ts";
import { brief, malformed } from "./config-parts.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import { type Argument, type Call, showArgument } from "./ops-call.ts";

/** The part of a tensor that Python's `x[…]` takes. */
export function getItem(call: Call): Tensor {
  const x = call.tensor(0);
  const key = call.args[1];
  const parts: Argument[] = Array.isArray(key) ? [...key] : [key];
  const isNamed = (value: Argument, name: string): boolean =>
    !(value instanceof Tensor) && isJsonObject(value as Json) && (value as JsonObject).class_name === name;
  const dots = parts.findIndex((value) => isNamed(value, "__ellipsis__"));
  const taken = parts.filter((value) => value !== null && !isNamed(value, "__ellipsis__")).length;
  const missing = x.shape.length + 1 - taken;
  if (missing < 0) throw malformed(call.where, `it takes ${taken} axes of ${x.shape.length + 1}`);
  const all = Array.from({ length: missing }, (): Json => ({ class_name: "__slice__", config: {} }));
  if (dots >= 0) parts.splice(dots, 1, ...all);
  else parts.push(...all);
  const [batch, ...rest] = parts;
  const isAll = ({ start, stop, step }: JsonObject): boolean =>
    (start ?? null) === null && (stop ?? null) === null && (step ?? 1) === 1;
  if (!isNamed(batch, "__slice__") || !isAll((batch as JsonObject).config as JsonObject)) {
    throw call.refuse("it takes some samples of the batch only");
  }
  const shape: number[] = [];
  const [start, size, step]: number[][] = [[], [], []];
  for (const value of rest) {
    if (value === null) {
      shape.push(1);
      continue;
    }
    const n = x.shape[start.length];
    if (isNamed(value, "__slice__")) {
      const cut = sliceOf(call, (value as JsonObject).config as JsonObject, n);
      start.push(cut.start);
      size.push(cut.size);
      step.push(cut.step);
      shape.push(cut.size);
    } else {
      const at = Number.isInteger(value) ? (value as number) + ((value as number) < 0 ? n : 0) : -1;
      if (at < 0 || at >= n) throw call.refuse(`it takes ${showArgument(value)} of an axis of ${n}`);
      start.push(at);
      size.push(1);
      step.push(1);
    }
  }
  return reshape(slice(x, { start, size, step }), shape);
}

/** Python's slice of `n` cells. */
function sliceOf(call: Call, config: JsonObject, n: number) {
  const whole = (key: string, otherwise: number): number => {
    const value = config[key] ?? otherwise;
    if (!Number.isSafeInteger(value)) throw call.refuse(`it takes a slice whose ${key} is ${brief(value)}`);
    return value as number;
  };
  const step = whole("step", 1);
  if (step === 0) throw malformed(call.where, "it takes a slice with steps of 0");
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const place = (key: string, otherwise: number): number => {
    if ((config[key] ?? null) === null) return otherwise;
    const value = whole(key, 0);
    return Math.min(Math.max(value < 0 ? value + n : value, low), high);
  };
  const start = place("start", step > 0 ? low : high);
  const stop = place("stop", step > 0 ? high : low);
  const size = Math.max(0, Math.ceil((stop - start) / step));
  if (size === 0) throw call.refuse("it takes an empty slice");
  return { start, size, step };
}

export function reshaped(call: Call): Tensor {
  const x = call.tensor(0);
  const given = call.config.newshape;
  const sizes = Array.isArray(given) ? (given as readonly Json[]) : [];
  const [batch, ...rest] = sizes;
  const open = rest.indexOf(-1);
  const isFree = batch === null || batch === -1;
  const known = rest.filter((_, i) => i !== open);
  if (!isFree || !known.every((n) => Number.isSafeInteger(n) && (n as number) >= 1)) {
    throw call.refuse(`its new shape is ${brief(given)}, which does not keep the samples`);
  }
  const shape = [...rest] as number[];
  if (open >= 0) shape[open] = sizeOf(x.shape) / sizeOf(known as number[]);
  if (sizeOf(shape) !== sizeOf(x.shape)) throw call.refuse(`its new shape is ${brief(given)}, which mixes samples`);
  return reshape(x, shape);
}

export function transposed(call: Call): Tensor {
  const x = call.tensor(0);
  const { axes } = call.config;
  if (!Array.isArray(axes) || axes[0] !== 0) throw call.refuse(`its axes are ${brief(axes)}, which moves the batch`);
  return transpose(
    x,
    axes.slice(1).map((axis: Json) => call.axis(axis, x.shape.length)),
  );
}

export function padded(call: Call): Tensor {
  const x = call.tensor(0);
  const { pad_width: given, mode } = call.config;
  const pairs = (Array.isArray(given) ? given : []) as readonly Json[];
  const widths = pairs.map((pair) => (Array.isArray(pair) && pair.length === 2 ? pair : [null, null]) as number[]);
  const isRight = widths.length === x.shape.length + 1 && widths.flat().every((n) => Number.isInteger(n) && n >= 0);
  if (!isRight || widths[0].some((n) => n !== 0)) throw call.refuse(`its widths are ${brief(given)}`);
  if ((mode ?? "constant") !== "constant") throw call.refuse(`its mode is ${brief(mode)}, and Rhyton has constant`);
  const rest = widths.slice(1);
  return pad(
    x,
    rest.map(([before]) => before),
    rest.map(([, after]) => after),
  );
}

/** A new axis in a result of `rank` axes, the batch not counted. */
export function withAxis(call: Call, x: Tensor): Tensor {
  const at = call.axis(call.config.axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

export function split(call: Call): Tensor[] {
  const x = call.tensor(0);
  const at = call.axis(call.config.axis ?? 0, x.shape.length);
  const given = call.config.indices_or_sections;
  const n = x.shape[at];
  let cuts: readonly number[];
  if (Number.isInteger(given) && n % (given as number) === 0) {
    cuts = Array.from({ length: (given as number) + 1 }, (_, i) => (i * n) / (given as number));
  } else if (Array.isArray(given)) cuts = [0, ...(given as number[]), n];
  else throw call.refuse(`it splits ${n} cells at ${brief(given)}`);
  return cuts.slice(1).map((end, i) => {
    const size = end - cuts[i];
    if (!(size >= 1)) throw call.refuse(`it splits ${n} cells at ${brief(given)}`);
    return slice(x, { start: x.shape.map((_, k) => (k === at ? cuts[i] : 0)), size: x.shape.with(at, size) });
  });
}

export function squeezed(call: Call): Tensor {
  const x = call.tensor(0);
  const { axis } = call.config;
  if (axis === null || axis === undefined) throw call.refuse("it takes away every axis of size 1, maybe the batch");
  const axes = call.axes(x);
  if (axes.some((at) => x.shape[at] !== 1)) throw malformed(call.where, "the axis that it takes away is not of size 1");
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

export function stacked(call: Call): Tensor {
  return concatenate(
    call.list().map((x) => withAxis(call, x)),
    call.axis(call.config.axis, call.list()[0].shape.length + 1),
  );
}
