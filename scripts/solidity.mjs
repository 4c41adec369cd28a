// Compiles tests/solidity into tests/solidity/artifacts.json. Nobody needs this to run the tests.
//   npm ci --ignore-scripts --prefix tests/solidity
//   node scripts/solidity.mjs            writes artifacts.json
//   node scripts/solidity.mjs --check    compiles again and compares; exit 1 on a difference
import { createRequire } from "node:module";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const args = process.argv.slice(2);
if (args.some((arg) => arg !== "--check")) {
  console.error("usage: node scripts/solidity.mjs [--check]");
  process.exit(2);
}
const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "tests", "solidity");
const target = join(folder, "artifacts.json");
const modules = join(folder, "node_modules");
const require = createRequire(join(folder, "package.json"));
let solc;
try {
  solc = require("solc");
} catch {
  console.error("solc is not installed: run `npm ci --ignore-scripts --prefix tests/solidity` first");
  process.exit(2);
}

// Contracts taken from packages as they are; everything else is tests/solidity/*.sol.
const foreign = {
  MockV3Aggregator: "@chainlink/contracts/src/v0.8/tests/MockV3Aggregator.sol",
  ERC1967Proxy: "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol",
};

const own = readdirSync(folder).filter((name) => name.endsWith(".sol")).sort();
const entries = [...own.map((file) => [file.slice(0, -4), file]), ...Object.entries(foreign)];
const input = {
  language: "Solidity",
  sources: Object.fromEntries(
    entries.map(([name, file]) => [file, { content: readFileSync(join(name in foreign ? modules : folder, file), "utf8") }]),
  ),
  settings: {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "cancun",
    metadata: { bytecodeHash: "none", appendCBOR: false }, // the same bytes wherever it is compiled
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
  },
};
const findImport = (path) => {
  try {
    return { contents: readFileSync(join(modules, path), "utf8") };
  } catch {
    return { error: `${path} not found` };
  }
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
const problems = (output.errors ?? []).filter((error) => error.severity === "error" || !/^@/.test(error.sourceLocation?.file ?? "@"));
if (problems.length > 0) {
  problems.forEach((error) => console.error(error.formattedMessage));
  process.exit(1);
}

const artifacts = {};
for (const [name, file] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) {
  const contract = output.contracts[file][name];
  const [, packageName] = file.match(/^(@[^/]+\/[^/]+)\//) ?? [];
  const manifest = packageName && JSON.parse(readFileSync(join(modules, packageName, "package.json"), "utf8"));
  artifacts[name] = {
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
    source: manifest ? `${packageName}@${manifest.version}/${file.slice(packageName.length + 1)}` : `tests/solidity/${file}`,
    licence: input.sources[file].content.match(/SPDX-License-Identifier: (.*)/)[1].trim(),
    compiler: `solc ${solc.version()}`,
  };
}
// One contract a line: a difference names the contract that changed.
const text = `{\n${Object.entries(artifacts).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(",\n")}\n}\n`;
if (args.includes("--check")) {
  let committed = "";
  try {
    committed = readFileSync(target, "utf8");
  } catch {
    console.error("tests/solidity/artifacts.json is missing: run `node scripts/solidity.mjs`");
    process.exit(1);
  }
  if (committed !== text) {
    const before = JSON.parse(committed);
    const names = [...new Set([...Object.keys(before), ...Object.keys(artifacts)])];
    const differing = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(artifacts[name]));
    console.error(`tests/solidity/artifacts.json differs from its sources: ${differing.join(", ") || "layout"}`);
    process.exit(1);
  }
  console.log(`${entries.length} artifacts match their sources`);
} else {
  writeFileSync(target, text);
  console.log(`${entries.length} artifacts written to tests/solidity/artifacts.json`);
}
