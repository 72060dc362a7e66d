// Counts the bytes of all typed arrays that are made. Must be loaded before the code whose arrays are to be counted:
// `node --import meter.mjs`.

let bytes = 0;

/** Bytes of typed arrays and buffers made since the last call. */
globalThis.takeAllocatedBytes = () => {
  const taken = bytes;
  bytes = 0;
  return taken;
};

const counted = (Type) =>
  new Proxy(Type, {
    construct(target, args, newTarget) {
      const made = Reflect.construct(target, args, newTarget);
      // A view of a buffer that is there takes nothing.
      if (!(args[0] instanceof ArrayBuffer) && !(args[0] instanceof SharedArrayBuffer)) bytes += made.byteLength;
      return made;
    },
  });

for (const name of [
  ...["ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array"],
  ...["Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
]) {
  const Type = globalThis[name];
  const proxy = counted(Type);
  // What slice and map make is asked of the constructor.
  Type.prototype.constructor = proxy;
  globalThis[name] = proxy;
}
