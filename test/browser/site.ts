/** A bundle of the test page, as a user's own tool would make it, and a small server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";

/** The headers that each folder of the site is served with. */
const headers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  isolated: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  "no-workers": { "Content-Security-Policy": "worker-src 'none'; script-src 'self' 'wasm-unsafe-eval'" },
  "no-code": { "Content-Security-Policy": "script-src 'self'" },
};

export interface Site {
  /** The address of the page under the headers of this name. */
  url(name: "plain" | "isolated" | "no-workers" | "no-code"): string;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const files = await bundle();
  const server = createServer(({ url = "/" }, response) => {
    const [, folder, name] = url.split("/");
    const code = files.get(name);
    const type = code === undefined ? "text/html" : "text/javascript";
    response.writeHead(200, { "Content-Type": type, ...headers[folder] });
    response.end(code ?? `<!doctype html><meta charset="utf-8"><script type="module" src="page.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The files by name; `page.js` is the one to begin with. */
async function bundle(): Promise<Map<string, string>> {
  const made = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: { page: fileURLToPath(new URL("page.ts", import.meta.url)) },
        output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
      },
    },
  })) as Rolldown.RolldownOutput;
  return new Map(made.output.map((file) => [file.fileName, file.type === "chunk" ? file.code : String(file.source)]));
}
