import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

export interface RelayOptions {
  /** More arguments for `waxwing-relay serve`. */
  arguments?: string[];
  /** More environment variables, such as `WAXWING_...` settings. */
  environment?: Record<string, string>;
}

/** A real relay in a process of its own, with its data and its log in a temporary directory. */
export class Relay {
  /** Everything the relay stores; kept across restarts. */
  readonly data: string;
  /** Everything that all runs of the relay wrote to standard output and standard error. */
  readonly log: string;
  readonly #directory: string;
  readonly #options: RelayOptions;
  #process: ChildProcess | undefined;
  #url: string | undefined;
  #setupLink: string | undefined;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#directory = mkdtempSync(join(tmpdir(), 'waxwing-relay-'));
    this.data = join(this.#directory, 'data');
    this.log = join(this.#directory, 'relay.log');
    writeFileSync(this.log, '');
  }

  /** Starts a relay with empty storage on a free port and waits until it listens. */
  static async start(options: RelayOptions = {}): Promise<Relay> {
    const relay = new Relay(options);
    try {
      await relay.#run('127.0.0.1:0');
    } catch (error) {
      await relay.dispose();
      throw error;
    }
    return relay;
  }

  /** The address of the relay, such as `http://127.0.0.1:43210`; the same after every restart. */
  get url(): string {
    if (this.#url === undefined) throw new Error('the relay has not said where it listens');
    return this.#url;
  }

  /** The one-time link for the first administrator, as the relay printed it. */
  async setupLink(): Promise<string> {
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(20)) {
      if (this.#setupLink !== undefined) return this.#setupLink;
    }
    throw new Error(`the relay printed no setup link\n${this.#logTail()}`);
  }

  /** Asks the relay to end and waits; a relay that does not end in time, or not with status 0, is an error. */
  async stop(): Promise<void> {
    const child = this.#running();
    child.kill('SIGTERM');
    if (!(await exited(child, STOP_TIMEOUT_MS))) {
      await this.kill9();
      throw new Error(`the relay did not end within ${STOP_TIMEOUT_MS} ms after SIGTERM\n${this.#logTail()}`);
    }
    this.#process = undefined;
    if (child.exitCode !== 0) {
      throw new Error(`the relay ended with ${child.exitCode ?? child.signalCode}\n${this.#logTail()}`);
    }
  }

  /** Ends the relay without warning, as a power failure would. */
  async kill9(): Promise<void> {
    const child = this.#running();
    child.kill('SIGKILL');
    await exited(child, STOP_TIMEOUT_MS);
    this.#process = undefined;
  }

  /** Starts the relay again after `stop` or `kill9`, with the same data on the same port. */
  async restart(): Promise<void> {
    if (this.#process !== undefined) throw new Error('the relay is still running');
    await this.#run(new URL(this.url).host);
  }

  /** Ends the relay if it runs and removes its data and its log. */
  async dispose(): Promise<void> {
    try {
      if (this.#process !== undefined && !hasExited(this.#process)) await this.stop();
    } finally {
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  async #run(listen: string): Promise<void> {
    const child = spawn(
      binary(),
      ['serve', '--listen', listen, '--data', this.data, ...(this.#options.arguments ?? [])],
      {
        cwd: this.#directory,
        env: { ...process.env, ...this.#options.environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#process = child;
    // Otherwise a test run that is interrupted leaves its relay behind.
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('close', () => process.off('exit', killWithUs));
    let spawnError: Error | undefined;
    child.once('error', (error) => (spawnError = error));

    let listening = false;
    // Written synchronously, so that whoever reads the log sees every line that the relay has got rid of.
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => appendFileSync(this.log, bytes));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, said, url] = /^(listening on|setup link:) (http\S+)$/.exec(line.trim()) ?? [];
      if (said === 'setup link:') this.#setupLink = url;
      if (said === 'listening on') {
        this.#url = url;
        listening = true;
      }
    });

    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!listening) {
      if (spawnError !== undefined || hasExited(child)) {
        this.#process = undefined;
        throw new Error(
          `the relay did not start: ${spawnError ?? child.exitCode ?? child.signalCode}\n${this.#logTail()}`,
        );
      }
      if (Date.now() > deadline) {
        await this.kill9();
        throw new Error(`the relay did not listen within ${START_TIMEOUT_MS} ms\n${this.#logTail()}`);
      }
      await sleep(10);
    }
  }

  #running(): ChildProcess {
    if (this.#process === undefined) throw new Error('the relay is not running');
    return this.#process;
  }

  #logTail(): string {
    return readFileSync(this.log, 'utf8').split('\n').slice(-30).join('\n');
  }
}

function binary(): string {
  const path = process.env.WAXWING_RELAY_BIN;
  if (path === undefined || !existsSync(path)) {
    throw new Error(
      'WAXWING_RELAY_BIN must be the path of waxwing-relay; `cargo xtask test --only browser` sets it',
    );
  }
  return path;
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits until the process has ended and all its output was read. */
async function exited(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  if (hasExited(child)) return true;
  const timeout = new AbortController();
  const closed = once(child, 'close', { signal: timeout.signal }).then(
    () => true,
    () => false,
  );
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    return await closed;
  } finally {
    clearTimeout(timer);
  }
}
