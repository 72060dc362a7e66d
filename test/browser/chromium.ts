/** A real Chromium. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** @throws where there is none: these tests are never skipped. */
export function openChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${executablePath}. Install one (Debian and Ubuntu: apt-get install -y chromium), ` +
        `or set CHROMIUM to the path of one.`,
    );
  }
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath, headless: true, args });
}
