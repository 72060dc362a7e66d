import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pictures } from "./folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rhyton-pictures-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A PNG of 2 × 1 pixels with these values in the folder. */
function save(name: string, values: Uint8Array | Uint16Array, width = 2): void {
  const depth = values instanceof Uint8Array ? 8 : 16;
  writeFileSync(join(folder, name), encode({ data: values, width, height: 1, channels: values.length / width, depth }));
}

describe("pictures", () => {
  test("reads gray pictures in the order of their names, and leaves other files alone", async () => {
    save("b.png", Uint8Array.of(3, 4));
    save("a.PNG", Uint8Array.of(1, 2));
    writeFileSync(join(folder, "notes.txt"), "no picture");
    mkdirSync(join(folder, "c.png"));
    const { images, names } = await pictures(folder);
    expect(names).toEqual(["a.PNG", "b.png"]);
    expect(images).toEqual({ data: Uint8Array.of(1, 2, 3, 4), shape: [2, 1, 2, 1], scale: 1 / 255 });
  });

  test("leaves alpha out", async () => {
    save("opaque.png", Uint8Array.of(1, 2, 3, 4, 5, 6));
    save("veiled.png", Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 128));
    const { images } = await pictures(folder);
    expect(images.shape).toEqual([2, 1, 2, 3]);
    expect([...images.data]).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    rmSync(join(folder, "opaque.png"));
    save("veiled.png", Uint8Array.of(7, 0, 8, 255));
    expect((await pictures(folder)).images).toMatchObject({ data: Uint8Array.of(7, 8), shape: [1, 1, 2, 1] });
  });

  test("keeps the nearest 8 of 16 bits", async () => {
    save("gray.png", Uint16Array.of(65535, 257 * 7 + 128));
    expect([...(await pictures(folder)).images.data]).toEqual([255, 7]);
    save("gray.png", Uint16Array.of(257, 514, 771, 0, 1028, 1285, 1542 + 129, 65535));
    expect([...(await pictures(folder)).images.data]).toEqual([1, 2, 3, 4, 5, 7]);
  });

  test("a picture of another size or other channels is named, with both", async () => {
    save("a.png", Uint8Array.of(1, 2));
    save("b.png", Uint8Array.of(1, 2, 3), 3);
    await expect(pictures(folder)).rejects.toMatchObject({
      code: "data-format",
      message: expect.stringContaining(
        "b.png: got 3 × 1 pixels in gray, expected 2 × 1 pixels in gray, as a.png has. Bring all pictures",
      ),
    });
    save("b.png", Uint8Array.of(1, 2, 3, 4, 5, 6));
    await expect(pictures(folder)).rejects.toThrow("got 2 × 1 pixels in RGB, expected 2 × 1 pixels in gray");
  });

  test("a folder that is missing or holds no PNG, and a file that is none", async () => {
    const none = expect.objectContaining({ code: "dataset-missing" });
    await expect(pictures(folder)).rejects.toThrow("pictures(): the folder has no PNG files");
    await expect(pictures(folder)).rejects.toThrow(none);
    await expect(pictures(join(folder, "x"))).rejects.toMatchObject({ code: "file" });
    writeFileSync(join(folder, "a.png"), "this is text, long enough for a header");
    const damaged = { code: "data-format", message: expect.stringContaining("a.png: got the first bytes") };
    await expect(pictures(folder)).rejects.toMatchObject(damaged);
    const palette = { data: Uint8Array.of(0, 1), width: 2, height: 1, channels: 1, depth: 8 as const };
    const file = encode({ ...palette, palette: [[0, 0, 0], [9, 9, 9]] }); // biome-ignore format: a table
    writeFileSync(join(folder, "a.png"), file);
    await expect(pictures(folder)).rejects.toThrow(/a\.png: got a PNG of colour type 3 \(palette\).*Convert/);
  });
});
