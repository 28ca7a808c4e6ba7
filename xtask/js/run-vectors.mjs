// Runs crypto-core's test vectors in WebAssembly.
// Arguments: the generated module for Node.js, the directory with the vectors.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modulePath, directory] = process.argv.slice(2);
const { runVectors } = createRequire(import.meta.url)(modulePath);

const files = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .sort();
let total = 0;
for (const name of files) {
  let cases;
  try {
    cases = Number(runVectors(name, readFileSync(join(directory, name), 'utf8')));
  } catch (error) {
    console.error(`${name}: ${error?.stack ?? error}`);
    process.exit(1);
  }
  // A file whose cases are never looked at must not pass for a file whose cases all hold.
  if (!Number.isInteger(cases) || cases <= 0) {
    console.error(`${name}: no case was run`);
    process.exit(1);
  }
  console.log(`${name}: ${cases} cases`);
  total += cases;
}
if (total === 0) {
  console.error(`no vectors in ${directory}`);
  process.exit(1);
}
console.log(`${files.length} files, ${total} cases hold in WebAssembly`);
