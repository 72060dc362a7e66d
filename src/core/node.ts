/** What only Node has, behind one door: bundlers for browsers find no module of Node to look for. */

/** Whether this is Node (or a runtime that offers its modules), as opposed to a browser. */
export const inNode = (): boolean => typeof process !== "undefined" && process.versions?.node !== undefined;

/** A module of Node. Its name is no literal in the `import`, so that a bundler leaves it to the time of running. */
export const nodeModule = (name: string) => import(/* @vite-ignore */ /* webpackIgnore: true */ name);
