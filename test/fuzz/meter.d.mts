declare global {
  /** Bytes of typed arrays and buffers made since the last call. */
  function takeAllocatedBytes(): number;
}

export {};
