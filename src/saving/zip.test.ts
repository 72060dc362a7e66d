import { readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { zipOf } from "../../test/support/written.ts";
import { RhytonError } from "../core/errors.ts";
import { crc32, isZip, readZip } from "./zip.ts";

const utf8 = new TextEncoder();
const errorOf = (action: () => unknown): RhytonError => {
  try {
    action();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("no error");
};

/** An archive with each `from` in its names replaced by `to`, of the same length. */
function renamed(archive: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(archive).toString("latin1").replaceAll(from, to);
  return new Uint8Array(Buffer.from(text, "latin1"));
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** Where the central directory begins. */
const central = (bytes: Uint8Array): number => view(bytes).getUint32(bytes.length - 6, true);

describe("readZip and zipOf", () => {
  const entries: [string, Uint8Array][] = [
    ["metadata.json", utf8.encode("{}")],
    ["ünd/so.txt", utf8.encode("weiter ".repeat(100))],
    ["empty", new Uint8Array(0)],
  ];

  it("keep the entries and their order", () => {
    const archive = zipOf(entries);
    expect(isZip(archive)).toBe(true);
    expect([...readZip(archive)]).toEqual(entries);
    expect([...readZip(zipOf([]))]).toEqual([]);
  });

  it("write the same bytes in every year", () => {
    expect(zipOf(entries)).toEqual(zipOf(entries));
    // 1980-01-01, 00:00:00, as DOS counts.
    expect(view(zipOf(entries)).getUint32(10, true)).toBe(0x00210000);
  });

  it("read what Keras and deflating programs write", () => {
    const keras = readFileSync(new URL("../../fixtures/hdf5/model.keras", import.meta.url));
    expect([...readZip(new Uint8Array(keras)).keys()]).toEqual(["metadata.json", "config.json", "model.weights.h5"]);
    const deflated = zipSync({ folder: {}, "a.txt": utf8.encode("a".repeat(1000)) }, { level: 9 });
    expect([...readZip(deflated)]).toEqual([["a.txt", utf8.encode("a".repeat(1000))]]);
  });

  it("compute the usual checksum", () => {
    expect(crc32(utf8.encode("123456789"))).toBe(0xcbf43926);
  });

  it.each([
    ["../abc", "leads out of its folder"],
    ["a/../b", "leads out of its folder"],
    ["/abcde", "absolute path"],
    ["C:abcd", "drive letter"],
    ["a\\bcde", "backslash"],
    ["a//bcd", "empty parts"],
    ["a/./bc", "empty parts"],
    ["ab\0cde", "control characters"],
  ])("refuse the name %j", (name, words) => {
    const good = "x".repeat(name.length);
    const archive = renamed(zipOf([[good, utf8.encode("1")]]), good, name);
    const error = errorOf(() => readZip(archive, "m.keras"));
    expect(error.code).toBe("file-refused");
    expect(error.message).toContain(words);
    expect(errorOf(() => zipOf([[name, utf8.encode("1")]])).code).toBe("argument");
  });

  it("refuse names that come twice or differ", () => {
    const archive = zipOf([
      ["one", utf8.encode("1")],
      ["two", utf8.encode("2")],
    ]);
    expect(errorOf(() => readZip(renamed(archive, "two", "one"))).message).toContain("two members of this name");
    const differ = archive.slice();
    differ[30] = 0x58;
    expect(errorOf(() => readZip(differ)).message).toContain("under another name than its own");
    expect(errorOf(() => zipOf([...entries, entries[0]])).code).toBe("argument");
  });

  it("refuse links, encryption, and unknown methods", () => {
    const archive = zipOf([["one", utf8.encode("1")]]);
    const changed = (offset: number, value: number): Uint8Array => {
      const bytes = archive.slice();
      view(bytes).setUint16(central(bytes) + offset, value, true);
      return bytes;
    };
    expect(errorOf(() => readZip(changed(40, 0o120777))).message).toContain("symbolic link");
    expect(errorOf(() => readZip(changed(8, 1))).message).toContain("encrypted");
    expect(errorOf(() => readZip(changed(10, 12))).message).toContain("packed by the method 12");
  });

  it("notice damage to the content", () => {
    const archive = zipOf([["one", utf8.encode("content")]]);
    archive[33] ^= 1;
    expect(errorOf(() => readZip(archive)).message).toContain(
      "one: the ZIP archive is damaged or cut off (the checksum",
    );
    const deflated = zipSync({ a: new Uint8Array(1000) }, { level: 9 });
    for (const size of [999, 1001]) {
      const bytes = deflated.slice();
      view(bytes).setUint32(central(bytes) + 24, size, true);
      expect(errorOf(() => readZip(bytes)).message).toContain(`of ${size} bytes`);
    }
  });

  it("refuse bombs before unpacking", () => {
    const archive = zipSync({ a: new Uint8Array(1000) }, { level: 9 });
    const bytes = archive.slice();
    view(bytes).setUint32(central(bytes) + 24, 2 ** 30, true);
    expect(errorOf(() => readZip(bytes)).message).toContain("unpack to 1073741824");
    view(bytes).setUint32(central(bytes) + 24, 2 ** 32 - 2, true);
    expect(errorOf(() => readZip(bytes)).message).toContain("unpack to more than");
    expect(errorOf(() => readZip(archive, "f", { bytes: 999 })).code).toBe("file-refused");
    expect(errorOf(() => readZip(zipOf(entries), "f", { entries: 2 })).message).toContain("3 members, more than 2");
  });

  it("refuse members inside of each other", () => {
    const archive = zipOf([
      ["one", utf8.encode("1234")],
      ["two", utf8.encode("5678")],
    ]);
    const bytes = archive.slice();
    // The first member declares to reach into the second.
    view(bytes).setUint32(central(bytes) + 20, 20, true);
    expect(errorOf(() => readZip(bytes)).message).toContain('lies inside of "one"');
  });

  it("report an archive that is cut off anywhere, or has something behind it", () => {
    const archive = zipOf(entries);
    for (let length = 0; length < archive.length; length++) {
      expect(errorOf(() => readZip(archive.subarray(0, length))).code).toBe("file-format");
    }
    expect(errorOf(() => readZip(Uint8Array.of(...archive, 0))).code).toBe("file-format");
  });
});
