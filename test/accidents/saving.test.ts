/** What is left of a file when saving it goes wrong: the old one or the new one, whole. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/training/load.ts";
import { Dice } from "../support/dice.ts";
import { bundleScripts, type Running, sleep, start } from "./child.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-saving-"));
let scripts: Awaited<ReturnType<typeof bundleScripts>>;
beforeAll(async () => {
  scripts = await bundleScripts();
});
afterAll(() => {
  scripts.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** The generation of the model in a file, whose weights all have that value; throws for a mixture. */
async function generationOf(path: string): Promise<number> {
  const weights = (await loadModel(path)).getWeights();
  const generation = weights[0].data[0];
  const isWhole = weights.every(({ data }) => data.every((value) => value === generation));
  if (!isWhole) throw new Error(`${path} is a mixture`);
  return generation;
}

const lastSaved = ({ lines }: Running): number =>
  Number(lines.findLast((line) => line.startsWith("saved "))?.slice(6) ?? Number.NaN);

/** Kills that left something behind or met a save that was not reported. */
const ENOUGH = 6;

test("200 times killed while saving: the old file or the new one", async () => {
  const kills = { during: 0, total: 0 };
  const lane = async (name: string, seed: number): Promise<void> => {
    const path = join(folder, name, "model.keras");
    mkdirSync(join(folder, name));
    const dice = new Dice(seed);
    const begin = start(scripts.path, ["save", path, "0", "1", "1"]);
    expect(await begin.ended).toBe(0);
    let last = 0;
    // On a fast disk few kills meet a save: go on until some have.
    for (let i = 0; i < 100 || (kills.during < ENOUGH && i < 400); i++) {
      const child = start(scripts.path, ["save", path, `${last + 1}`, "1", "1000"]);
      // Sometimes in the first save, sometimes later, when code is compiled and most of the time is spent on the file.
      await child.lineCount(dice.below(4));
      await sleep(dice.below(20));
      await child.kill();
      const saved = Number.isNaN(lastSaved(child)) ? last : lastSaved(child);
      const found = await generationOf(path);
      // What was reported is there; what was under way may be.
      expect([saved, saved + 1]).toContain(found);
      kills.total++;
      // A temporary file is left where the new one was not yet whole.
      const left = readdirSync(join(folder, name)).filter((file) => file !== "model.keras");
      if (found !== saved || left.length > 0) kills.during++;
      for (const file of left) rmSync(join(folder, name, file));
      last = found;
    }
  };
  await Promise.all([lane("a", 1), lane("b", 2)]);
  console.log(`killed ${kills.total} times, ${kills.during} of them within a save; never a mixture`);
  expect(kills.total).toBeGreaterThanOrEqual(200);
  expect(kills.during).toBeGreaterThanOrEqual(ENOUGH);
});

test("two processes that save to one path: one of the two, whole, at every moment", async () => {
  const path = join(folder, "shared", "model.keras");
  mkdirSync(join(folder, "shared"));
  const both = [0, 1].map((k) => start(scripts.path, ["save", path, `${2 + k}`, "2", "60"]));
  await Promise.race(both.map((child) => child.line("saved")));
  let running = true;
  const ended = Promise.all(both.map((child) => child.ended)).then((codes) => {
    running = false;
    return codes;
  });
  const seen = new Set<number>();
  while (running) {
    seen.add(await generationOf(path));
    await sleep(1);
  }
  expect(await ended).toEqual([0, 0]);
  expect(new Set([...seen].map((generation) => generation % 2))).toEqual(new Set([0, 1]));
  expect([120, 121]).toContain(await generationOf(path));
  expect(readdirSync(join(folder, "shared"))).toEqual(["model.keras"]);
});

describe("a full disk", () => {
  test("gives an error that says so, and leaves the old files whole and nothing else", async () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    // In a mount namespace of its own, so that nothing stays mounted whatever happens.
    const script = `mount -t tmpfs -o size=2m none "$1" && shift && exec "$@"`;
    const child = start(
      scripts.path,
      ["fullDisk", disk],
      ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", disk],
    );
    const said = await child.line("result").catch((error: Error) => {
      throw new Error(
        `a small disk could not be mounted (as root, or where user namespaces are allowed): ${error.message}`,
      );
    });
    const { errors, whole, names, saved } = JSON.parse(said);
    const full = (name: string) => ({
      code: "file",
      message: `${join(disk, name)}: the disk is full. Free some space, or choose another place.`,
    });
    expect(errors).toEqual(
      ["model.keras", "model.weights.h5", "model.safetensors", "backup/latest.safetensors"].map(full),
    );
    expect(whole).toBe(true);
    expect(names.sort()).toEqual(["backup", "filler", "model.keras", "model.safetensors", "model.weights.h5"]);
    expect(saved).toBeGreaterThan(260_000);
  });
});
