/**
 * Which device a model runs on.
 */
import { unknownName } from "../core/errors.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { CompileOptions } from "./compile.ts";

/** The devices by name; the first is the default. */
const devices: Readonly<Record<string, (options: { readonly threads?: number; readonly wide?: boolean }) => Device>> = {
  wasm: (options) => wasm(options),
  interp: () => interp(),
};

/** The device that `compile`'s options ask for. */
export function chooseDevice(where: string, options: Pick<CompileOptions, "device" | "threads" | "wide">): Device {
  const { device, ...rest } = options;
  if (typeof device === "object") return device;
  const name = device ?? Object.keys(devices)[0];
  if (!Object.hasOwn(devices, name)) throw unknownName({ where, what: "device", name, choices: Object.keys(devices) });
  return devices[name](rest);
}
