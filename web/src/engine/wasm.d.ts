/**
 * Shape of the generated WebAssembly module, so that type checking and unit tests work before it was built.
 * Once `wasm/waxwing_wasm_client.d.ts` exists, TypeScript prefers that file.
 */
declare module '*/waxwing_wasm_client.js' {
  export class Engine {
    constructor();
    handle(input: any, nowMs: number): any;
    free(): void;
  }
  export default function init(options: { module_or_path: string }): Promise<unknown>;
}
