// Prints the size of a file as it is and as a browser downloads it.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const content = readFileSync(process.argv[2]);
const options = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
};
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  `shipped WASM: ${kilobytes(content.length)} raw, ${kilobytes(brotliCompressSync(content, options).length)} brotli`,
);
