/** The messages of an object: all that its header says, and continues elsewhere. */
import { Damage, type H5File } from "./hdf5-file.ts";

export interface Message {
  readonly type: number;
  readonly at: number;
  readonly size: number;
  readonly shared: boolean;
}

/** The messages of an object header, with those of its continuation blocks. */
export function readHeader(file: H5File, address: number): Message[] {
  file.step();
  const messages: Message[] = [];
  /** Blocks yet to be read: where their messages begin and end. */
  const blocks: [number, number][] = [];
  const second = file.bytes[address] === 0x4f;
  let headBytes = 8;
  if (second) {
    file.signature(address, "OHDR");
    file.version(address + 4, "the object header", 2);
    const flags = file.u8(address + 5);
    headBytes = flags & 4 ? 6 : 4;
    let at = address + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    const size = file.uint(at, 1 << (flags & 3));
    at += 1 << (flags & 3);
    file.part(at, size + 4);
    blocks.push([at, at + size]);
  } else {
    file.version(address, "the object header", 1);
    const size = file.u32(address + 8);
    file.part(address + 16, size);
    blocks.push([address + 16, address + 16 + size]);
  }
  const seen = new Set<number>();
  for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
    let [at, end] = block;
    if (seen.has(at)) throw new Damage("the object header goes round in circles");
    seen.add(at);
    while (at + headBytes <= end) {
      file.step();
      const type = second ? file.u8(at) : file.u16(at);
      const size = file.u16(at + (second ? 1 : 2));
      const shared = (file.u8(at + (second ? 3 : 4)) & 2) !== 0;
      const body = at + headBytes;
      if (body + size > end) throw new Damage(`a message at byte ${at} is longer than its block`);
      if (type === 0x10) {
        const next = file.address(body);
        const bytes = file.length(body + file.O);
        file.part(next, bytes);
        if (second) file.signature(next, "OCHK");
        blocks.push(second ? [next + 4, next + bytes - 4] : [next, next + bytes]);
      } else if (type !== 0) {
        messages.push({ type, at: body, size, shared });
      }
      at = body + size;
    }
  }
  return messages;
}
