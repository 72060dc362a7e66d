/** Every device gives the numbers of the plain definition and keeps its promises. Two lines a device. */
import { interp } from "../../src/device/interp.ts";
import { wasm } from "../../src/device/wasm/device.ts";
import { agrees } from "./agree.ts";
import { keepsContract } from "./contract.ts";

keepsContract(interp("float64"));

agrees(interp("float32"));
keepsContract(interp("float32"));

agrees(wasm());
keepsContract(wasm());
