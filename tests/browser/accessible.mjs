// Asks axe-core about the page as it stands, by the rules of WCAG 2.2 A and AA.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Throws with every finding named. */
export async function accessible(page) {
  // Evaluated by the browser's debugger, so the page's policy stays as it is.
  await page.evaluate(source);
  const found = await page.evaluate(
    async (tags) =>
      (await globalThis.axe.run(document, { runOnly: tags })).violations.map(
        ({ id, help, nodes }) => `${id}: ${help} (${nodes.length}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")})`,
      ),
    TAGS,
  );
  if (found.length > 0) throw new Error(found.join("\n"));
}
