// Measures operations of crypto-core in WebAssembly. Argument: the generated module for Node.js.
// Prints one JSON object {name, ns_per_op} per line, as the native benchmark does.
import { createRequire } from 'node:module';

const { benchNames, runBench } = createRequire(import.meta.url)(process.argv[2]);

const SAMPLE_NS = 100_000_000;
const SAMPLES = 7;

function timed(name, iterations) {
  const start = process.hrtime.bigint();
  runBench(name, iterations);
  return Number(process.hrtime.bigint() - start);
}

for (const name of benchNames()) {
  // Also lets the engine's optimising compiler finish before anything counts.
  let iterations = 1;
  while (timed(name, iterations) < SAMPLE_NS) iterations *= 2;
  const samples = Array.from({ length: SAMPLES }, () => timed(name, iterations) / iterations).sort(
    (a, b) => a - b,
  );
  console.log(JSON.stringify({ name, ns_per_op: samples[SAMPLES >> 1] }));
}
