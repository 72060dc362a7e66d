/**
 * Which device a model runs on.
 */
import { argumentError, unknownName } from "../core/errors.ts";
import type { Device } from "../device/device.ts";
import { plain } from "../device/plain.ts";
import { wasm } from "../device/wasm/device.ts";
import type { CompileOptions } from "./compile.ts";

/** The devices by name; the first is the default. */
const devices: Readonly<Record<string, (options: { readonly threads?: number; readonly wide?: boolean }) => Device>> = {
  wasm: (options) => wasm(options),
  interp: () => plain,
};

/** Throws when the options ask for a device that there is not. */
export function checkDevice(where: string, device: unknown): void {
  if (device === undefined) return;
  if (typeof device === "object" && device !== null && "compile" in device) return;
  if (typeof device !== "string") {
    const expected = `${Object.keys(devices)
      .map((name) => JSON.stringify(name))
      .join(" or ")}, or a device such as wasm()`;
    throw argumentError({ where, argument: "device", value: device, expected });
  }
  if (!Object.hasOwn(devices, device)) {
    throw unknownName({ where, what: "device", name: device, choices: Object.keys(devices) });
  }
}

/** The device that `compile`'s options ask for. */
export function chooseDevice(where: string, options: Pick<CompileOptions, "device" | "threads" | "wide">): Device {
  const { device, ...rest } = options;
  if (typeof device === "object") return device;
  const name = device ?? Object.keys(devices)[0];
  checkDevice(where, name);
  return devices[name](rest);
}
