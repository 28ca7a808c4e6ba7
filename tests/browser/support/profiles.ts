import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from '@playwright/test';
import { launchOptions } from './chromium.ts';

/**
 * A browser of one person: a persistent profile in a temporary directory, with its own process, storage and service
 * worker. Unlike a throw-away context it stores what a real browser stores, and it can be closed and opened again.
 */
export class Profile {
  /** Everything the browser keeps on disk. */
  readonly directory: string;
  /** Everything that pages wrote to the console, and their uncaught errors. */
  readonly log: string;
  /** Errors on the console (among them violations of the content security policy) and uncaught errors. */
  readonly errors: string[] = [];
  readonly #root: string;
  readonly #options: BrowserContextOptions;
  #context: BrowserContext | undefined;

  private constructor(options: BrowserContextOptions) {
    this.#options = options;
    this.#root = mkdtempSync(join(tmpdir(), 'waxwing-profile-'));
    this.directory = join(this.#root, 'profile');
    this.log = join(this.#root, 'console.log');
    writeFileSync(this.log, '');
  }

  /** Starts a browser without any history. The options say what kind: viewport, colour scheme, language, ... */
  static async open(options: BrowserContextOptions = {}): Promise<Profile> {
    const profile = new Profile(options);
    try {
      await profile.reopen();
    } catch (error) {
      await profile.dispose();
      throw error;
    }
    return profile;
  }

  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error('the browser is closed');
    return this.#context;
  }

  /** The first tab. */
  get page(): Page {
    const page = this.context.pages()[0];
    if (page === undefined) throw new Error('the browser has no tab');
    return page;
  }

  /** Closes the browser and keeps what it stored. */
  async close(): Promise<void> {
    await this.context.close();
    this.#context = undefined;
  }

  /** Starts the browser again on what it stored. */
  async reopen(): Promise<void> {
    if (this.#context !== undefined) throw new Error('the browser is still open');
    const context = await chromium.launchPersistentContext(this.directory, {
      ...launchOptions,
      ...this.#options,
    });
    this.#context = context;
    context.on('console', (message) => {
      this.#note(`${message.type()}: ${message.text()}`, message.type() === 'error');
    });
    context.on('weberror', (error) => this.#note(`uncaught: ${error.error().stack ?? error.error()}`, true));
  }

  /** Closes the browser and removes what it stored. */
  async dispose(): Promise<void> {
    try {
      if (this.#context !== undefined) await this.close();
    } finally {
      // Chromium's helper processes may still be writing while the directory is removed.
      rmSync(this.#root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }

  #note(line: string, isError: boolean): void {
    appendFileSync(this.log, `${line}\n`);
    if (isError) this.errors.push(line);
  }
}
