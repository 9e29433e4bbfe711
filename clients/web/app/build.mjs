// Builds the web client into one folder of ready-to-serve files.
//
//   node build.mjs --out DIR [--watch]
//
// Owns: bundling (esbuild), content-hashed names, index.html, licences, precompressed .br and .gz.
// Never writes anywhere but into --out. Called by build.rs, by `npm run build`, and by hand.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const { build, context } = await import("esbuild");

/** Budgets from the design, in bytes of gzip. Exceeding one fails the build. */
const BUDGET = { ".js": 60_000, ".css": 12_000 };

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
};
const out = option("--out");
if (!out) {
  console.error("build.mjs: give the folder to write to: node build.mjs --out DIR");
  process.exit(2);
}
const outDir = resolve(out);
const watch = args.includes("--watch");
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx", style: "src/styles/index.css" },
  outdir: outDir,
  entryNames: "[name]-[hash]",
  bundle: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: !watch,
  sourcemap: watch ? "linked" : false,
  metafile: true,
  legalComments: "none",
  define: { __VERSION__: JSON.stringify(version) },
  logLevel: "warning",
};

/** Text files worth a precompressed copy; anything else is served as it is. */
const COMPRESSIBLE = /\.(html|js|css|svg|txt|webmanifest)$/;

function finish(result) {
  const built = Object.entries(result.metafile.outputs)
    .filter(([path]) => !path.endsWith(".map"))
    .map(([path, output]) => ({ name: path.split(/[\\/]/).pop(), entry: output.entryPoint }));
  const named = (entry) => built.find((file) => file.entry === entry).name;
  const page = readFileSync(join(here, "src/index.html"), "utf8")
    .replace("{{app}}", named("src/main.tsx"))
    .replace("{{style}}", named("src/styles/index.css"));
  writeFileSync(join(outDir, "index.html"), page);
  for (const name of readdirSync(join(here, "public"))) {
    writeFileSync(join(outDir, name), readFileSync(join(here, "public", name)));
  }
  writeFileSync(join(outDir, "licenses.txt"), licences(Object.keys(result.metafile.inputs)));
  if (!watch) compress();
}

/** The licence of every package whose code is in the bundle, from the packages themselves. */
function licences(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input.split(sep).join("/"));
    if (match) packages.add(match[1]);
  }
  const parts = [...packages].sort().map((name) => {
    const folder = join(here, "node_modules", name);
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} is in the bundle but carries no licence file`);
    return `${name} ${about.version} (${about.license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return `The Wardroom web client contains these packages.\n\n${parts.join("\n----\n\n")}`;
}

function compress() {
  for (const name of readdirSync(outDir)) {
    if (!COMPRESSIBLE.test(name)) continue;
    const bytes = readFileSync(join(outDir, name));
    const gzip = gzipSync(bytes, { level: 9 });
    const brotli = brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    writeFileSync(join(outDir, `${name}.gz`), gzip);
    writeFileSync(join(outDir, `${name}.br`), brotli);
    const limit = BUDGET[name.slice(name.lastIndexOf("."))];
    console.log(`${name}: ${bytes.length} bytes, gzip ${gzip.length}, br ${brotli.length}`);
    if (limit && gzip.length > limit) {
      throw new Error(`${name} is ${gzip.length} bytes of gzip; the budget is ${limit}`);
    }
  }
}

if (existsSync(outDir)) rmSync(outDir, { recursive: true });
mkdirSync(outDir, { recursive: true });
if (watch) {
  const finisher = {
    name: "finish",
    setup: (hooks) => hooks.onEnd((result) => (result.errors.length ? undefined : finish(result))),
  };
  const live = await context({ ...options, plugins: [finisher] });
  await live.watch();
  console.log(`building into ${outDir} on every change; stop with Ctrl+C`);
} else {
  finish(await build(options));
}
