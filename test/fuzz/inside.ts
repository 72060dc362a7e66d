/**
 * Damage below the checksums: what a format packs is unpacked, damaged, and packed again as the format wants it, so that
 * it reaches the readers behind the first check.
 */
import { unzlibSync, zlibSync } from "fflate";
import { type Json, parseJson } from "../../src/saving/json.ts";
import { crc32, readZip } from "../../src/saving/zip.ts";
import { changed } from "../saving/edit.ts";
import type { Dice } from "../support/dice.ts";
import { jsonOf, zipOf } from "../support/written.ts";
import { mutate } from "./mutate.ts";

/** Makes other bytes of the same format; nothing where these bytes are not of it. */
export type Inside = (bytes: Uint8Array, dice: Dice, others: readonly Uint8Array[]) => Uint8Array;

const utf8 = new TextEncoder();
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

// ---- JSON ---------------------------------------------------------------------------------------------------------

const ODD: readonly (Json | undefined)[] = [
  ...[undefined, null, true, 0, -1, 0.5, 3, 1e5, 1e9, 2 ** 31, 2 ** 32, 2 ** 53, 1e308],
  ...[Number.NaN, Number.POSITIVE_INFINITY, "", "x", "relu", "conv2d", "Dense", "channels_first", "same"],
  ...[[], [null], [0, 0], [1e9, 1e9], [null, 1e9, 1e9, 1e9], [65536, 65536], ["x", 0, 0], {}],
  { class_name: "Dense", config: {} },
  { class_name: "__lambda__", config: { value: "4wAAAAA=" } },
  { class_name: "Lambda", module: "keras.layers", registered_name: null, config: { function: "print" } },
  { class_name: "function", module: "os", registered_name: "function", config: "system" },
  { class_name: "__keras_tensor__", config: { shape: [null, 3], dtype: "float32", keras_history: ["x", 0, 0] } },
];

const KEYS = ["__proto__", "constructor", "prototype", "toString", "length", "hasOwnProperty", "class_name", "config"];

function placesIn(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesIn(item as Json, [...path, key]))];
}

/** Values changed, moved and removed; keys added that mean something to JavaScript. */
function changedJson(text: string, dice: Dice): string {
  let value = parseJson(text);
  for (let count = 1 + dice.below(3); count > 0; count--) {
    const places = placesIn(value);
    const path = dice.pick(places);
    const from = dice.pick(places);
    const key = dice.pick(KEYS);
    const kind = dice.below(6);
    value = changed(value, path, (old) => {
      if (kind === 0) return from.reduce<Json>((at, k) => (at as Record<string, Json>)[k], value);
      if (kind === 1) return [old ?? null, old ?? null];
      if (kind === 2 && typeof old === "number") return dice.pick([-old, old + 1, old * 2 ** 20, old / 3]);
      if (kind === 3) return JSON.parse(`{${JSON.stringify(key)}: 1, "class_name": ${JSON.stringify(key)}}`) as Json;
      return dice.pick(ODD);
    });
  }
  return jsonOf(value);
}

/** Words of a text exchanged, doubled and left out. */
function changedText(text: string, dice: Dice): string {
  const words = text.match(/[A-Za-z_]+|[0-9.eE+-]+|\s+|./gs) ?? [];
  for (let count = 1 + dice.below(4); count > 0; count--) {
    const at = dice.below(words.length);
    const from = dice.below(words.length);
    const kind = dice.below(4);
    if (kind === 0) words.splice(at, 1 + dice.below(4));
    else if (kind === 1) words.splice(at, 0, ...words.slice(from, from + 1 + dice.below(20)));
    else if (kind === 2) words[at] = words[from] ?? "";
    else words[at] = dice.pick(["0", "-1", "1e999", "99999999999", '"', "[".repeat(300), "{}", "null", "__proto__"]);
  }
  return words.join("");
}

const changedJsonBytes = (bytes: Uint8Array, dice: Dice): Uint8Array =>
  utf8.encode(dice.oneIn(4) ? changedText(textOf(bytes), dice) : changedJson(textOf(bytes), dice));

// ---- formats ------------------------------------------------------------------------------------------------------

/** Members of an archive damaged, exchanged, renamed or left out, under right checksums. */
export const insideZip: Inside = (bytes, dice, others) => {
  const members = [...readZip(bytes)];
  const at = dice.below(members.length);
  const [name, content] = members[at];
  const kind = dice.below(10);
  if (kind === 0) members.splice(at, 1);
  else if (kind === 1) members[at] = [dice.pick(["a", `${name}x`, `a/${name}`]), content];
  else if (kind === 2) members[at] = [name, dice.pick(members)[1]];
  else if (kind === 3) members[at] = [name, dice.pick([...readZip(dice.pick(others)).values()])];
  else if (name.endsWith(".json")) members[at] = [name, changedJsonBytes(content, dice)];
  else members[at] = [name, mutate(content, dice, [content])];
  return zipOf(new Map(members));
};

/** Chunks of a PNG damaged, exchanged, doubled and left out, under right checksums; its rows damaged before packing. */
export const insidePng: Inside = (bytes, dice) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    chunks.push(bytes.slice(at + 4, at + 8 + view.getUint32(at)));
  }
  const at = dice.below(chunks.length);
  const [type, data] = [chunks[at].subarray(0, 4), chunks[at].subarray(4)];
  const kind = dice.below(8);
  if (kind === 0) chunks.splice(at, 1);
  else if (kind === 1) chunks.splice(dice.below(chunks.length), 0, chunks[at]);
  else if (kind === 2) chunks[at] = Uint8Array.of(...utf8.encode(dice.pick(["IDAT", "IHDR", "zzZz", "iCCP"])), ...data);
  else if (
    kind < 5 &&
    textOf(type) === "IDAT" &&
    chunks.filter((c) => textOf(c.subarray(0, 4)) === "IDAT").length === 1
  ) {
    const rows = kind === 3 ? mutate(unzlibSync(data), dice, [data]) : new Uint8Array(dice.pick([1e3, 1e5, 1e6]));
    chunks[at] = Uint8Array.of(...type, ...zlibSync(rows));
  } else if (data.length > 0) chunks[at] = Uint8Array.of(...type, ...mutate(data, dice, [bytes]));
  const parts = chunks.map((chunk) => {
    const out = new Uint8Array(chunk.length + 8);
    const words = new DataView(out.buffer);
    words.setUint32(0, chunk.length - 4);
    out.set(chunk, 4);
    words.setUint32(chunk.length + 4, crc32(chunk));
    return out;
  });
  return new Uint8Array(Buffer.concat([bytes.subarray(0, 8), ...parts]));
};

/** The header of a safetensors file changed, under its right length. */
export const insideSafetensors: Inside = (bytes, dice) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = changedJsonBytes(bytes.subarray(8, 8 + length), dice);
  const start = new DataView(new ArrayBuffer(8));
  start.setBigUint64(0, BigInt(header.length), true);
  return new Uint8Array(Buffer.concat([new Uint8Array(start.buffer), header, bytes.subarray(8 + length)]));
};

/** The header of a `.npy` file changed, under its right length. */
export const insideNpy: Inside = (bytes, dice) => {
  const long = bytes[6] > 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [from, length] = long ? [12, view.getUint32(8, true)] : [10, view.getUint16(8, true)];
  const header = utf8.encode(changedText(textOf(bytes.subarray(from, from + length)), dice));
  const out = new Uint8Array(Buffer.concat([bytes.subarray(0, from), header, bytes.subarray(from + length)]));
  const made = new DataView(out.buffer);
  if (long) made.setUint32(8, header.length, true);
  else made.setUint16(8, header.length, true);
  return out;
};
