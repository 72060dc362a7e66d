import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RhytonError } from "../core/errors.ts";
import { readFile, writeFileAtomic } from "./atomic.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rhyton-atomic-"));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const errorOf = async (action: Promise<unknown>): Promise<RhytonError> => {
  try {
    await action;
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("no error");
};

const root = process.getuid?.() === 0;

describe("writeFileAtomic", () => {
  it("writes, replaces, and leaves nothing behind", async () => {
    const path = join(folder, "model.keras");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    chmodSync(path, 0o600);
    await writeFileAtomic(path, "text");
    expect(readFileSync(path, "utf8")).toBe("text");
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["model.keras"]);
  });

  it("removes what a killed process left long ago, and nothing else", async () => {
    const ago = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
    const others: readonly (readonly [string, number])[] = [
      ["model.keras", 2],
      [".model.keras.new.tmp", 0.5],
      [".other.keras.old.tmp", 2],
      [".model.keras.old.bak", 2],
    ];
    for (const [name, hours] of [...others, [".model.keras.old.tmp", 2] as const]) {
      writeFileSync(join(folder, name), "x");
      utimesSync(join(folder, name), ago(hours), ago(hours));
    }
    await writeFileAtomic(join(folder, "model.keras"), "text");
    expect(readdirSync(folder).sort()).toEqual(others.map(([name]) => name).sort());
  });

  it("writes many at once to one path", async () => {
    const path = join(folder, "model.keras");
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeFileAtomic(path, new Uint8Array(1000).fill(i))));
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(1000);
    expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    expect(readdirSync(folder)).toEqual(["model.keras"]);
  });

  it("writes through symbolic links", async () => {
    writeFileSync(join(folder, "real"), "old");
    symlinkSync("real", join(folder, "link"));
    await writeFileAtomic(join(folder, "link"), "new");
    expect(readFileSync(join(folder, "real"), "utf8")).toBe("new");
  });

  it("tells of a missing directory, a directory, and a file in place of one", async () => {
    const missing = await errorOf(writeFileAtomic(join(folder, "no", "a"), "x"));
    expect(missing.code).toBe("file");
    expect(missing.message).toContain(`the directory ${join(folder, "no")} does not exist`);
    mkdirSync(join(folder, "dir"));
    expect((await errorOf(writeFileAtomic(join(folder, "dir"), "x"))).message).toContain("it is a directory");
    writeFileSync(join(folder, "file"), "x");
    expect((await errorOf(writeFileAtomic(join(folder, "file", "a"), "x"))).code).toBe("file");
    expect(readdirSync(folder).sort()).toEqual(["dir", "file"]);
  });

  it("tells of missing permission", async () => {
    chmodSync(folder, 0o555);
    // Nobody may make files in /sys, not even root.
    const path = root ? "/sys/none" : join(folder, "a");
    expect((await errorOf(writeFileAtomic(path, "x"))).message).toContain("there is no permission");
  });

  it("does not replace devices", async () => {
    expect((await errorOf(writeFileAtomic("/dev/full", "x"))).message).toContain("a device or a pipe");
  });
});

describe("readFile", () => {
  it("reads", async () => {
    writeFileSync(join(folder, "a"), Uint8Array.of(4, 5));
    expect(await readFile(join(folder, "a"))).toEqual(Uint8Array.of(4, 5));
  });

  it("tells what is missing, and what may have been meant", async () => {
    writeFileSync(join(folder, "model.keras"), "x");
    const error = await errorOf(readFile(join(folder, "modle.keras")));
    expect(error.message).toContain("the file does not exist");
    expect(error.message).toContain(`Did you mean ${join(folder, "model.keras")}?`);
    expect((await errorOf(readFile(join(folder, "no", "a")))).message).toContain("does not exist");
  });

  it("does not read directories, devices, or too much", async () => {
    expect((await errorOf(readFile(folder))).message).toContain("it is a directory");
    writeFileSync(join(folder, "a"), "12345");
    expect((await errorOf(readFile(join(folder, "a"), 4))).message).toContain("the file has 5 bytes, more than 4");
    if (existsSync("/dev/zero")) {
      expect((await errorOf(readFile("/dev/zero"))).message).toContain("a device or a pipe");
    }
  });
});
