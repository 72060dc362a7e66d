// Writes what is generated under docs/: coverage.md, images/*.svg and api/. Tests check that all of it is current.
// npm run docs

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const docs = `${root}docs`;
const server = await createServer({
  root,
  configFile: false,
  appType: "custom",
  logLevel: "error",
  server: { middlewareMode: true, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
try {
  const { coverage } = await server.ssrLoadModule("/test/support/coverage.ts");
  writeFileSync(`${docs}/coverage.md`, coverage());
  const { figures } = await server.ssrLoadModule("/test/support/figures.ts");
  for (const [name, svg] of await figures()) writeFileSync(`${docs}/images/${name}`, svg);
  const { apiPages } = await server.ssrLoadModule("/test/support/api-pages.ts");
  rmSync(`${docs}/api`, { recursive: true, force: true });
  mkdirSync(`${docs}/api`);
  for (const [name, page] of apiPages()) writeFileSync(`${docs}/api/${name}`, page);
} finally {
  await server.close();
}
process.exit(0);
