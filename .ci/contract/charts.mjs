// Parses the Mermaid charts in the JSON list on stdin with Mermaid itself, as GitHub does; exits 1 naming those it cannot.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

const charts = JSON.parse(readFileSync(0, "utf8"));
let failed = 0;
for (const chart of charts) {
  try {
    await mermaid.parse(chart);
  } catch (error) {
    failed += 1;
    console.error(`${chart}\n${error.message}\n`);
  }
}
console.log(`${charts.length - failed} of ${charts.length} charts parse`);
process.exit(failed || charts.length === 0 ? 1 : 0);
