// Writes docs/coverage.md from the code and the fixtures: node scripts/coverage.mjs

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
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
  writeFileSync(new URL("../docs/coverage.md", import.meta.url), coverage());
} finally {
  await server.close();
}
