/** "Did you mean", for names that are typed. */
import { nearest } from "../core/errors.ts";

/** `Did you mean train? Known: train, show.` */
export function guess(name: string, choices: readonly string[]): string {
  const near = nearest(name, choices);
  return `${near === undefined ? "" : `Did you mean ${near}? `}Known: ${choices.join(", ")}.`;
}
