/** Colours: only on a terminal, and never with NO_COLOR (https://no-color.org). */
import * as util from "node:util";

type Style = "bold" | "dim" | "red" | "green" | "yellow";

/** Whether text for a stream may be coloured. */
export const hasColours = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";

/** Text in a style, where the stream shows it. Node has `styleText` from 20.12 on; before, text stays plain. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  if (!hasColours(stream) || util.styleText === undefined) return text;
  return styled(style, text);
}

/** Text in a style, for a stream that strips it itself where it must. */
export const styled = (style: Style, text: string): string =>
  // Node 22 and later would look at standard output, whatever the text is for.
  util.styleText?.(style, text, ...([{ validateStream: false }] as unknown as [])) ?? text;
