import { describe, expect, it, vi } from 'vitest';
import type { Intent } from './api';
import type { Effect, Input, Machine, StoreOp } from './io';
import type { FromWorker } from './protocol';
import { Runner, type Ports } from './runner';

/** A machine that answers each input as the test says and remembers what it was fed. */
function machine(answer: (input: Input) => Effect[]): Machine & { fed: Input[]; freed: boolean } {
  const fed: Input[] = [];
  return {
    fed,
    freed: false,
    handle(input) {
      fed.push(input);
      return answer(input);
    },
    free() {
      this.freed = true;
    },
  };
}

function ports(log: string[], over: Partial<Ports> = {}): Ports {
  return {
    persist: async () => void log.push('persist'),
    load: async () => [],
    http: async () => ({ status: 200, body: '{}' }),
    streamOpen: () => log.push('open'),
    streamSend: (bytes) => log.push(`send ${bytes.join()}`),
    streamClose: () => log.push('close'),
    schedule: (at) => log.push(`schedule ${at}`),
    post: (message: FromWorker) => log.push(`post ${message.type}`),
    wasDone: async () => false,
    now: () => 7,
    failed: (error) => log.push(`failed ${String(error)}`),
    ...over,
  };
}

const notice: Effect = { type: 'notify', notice: { type: 'roomGone', room: 'r' } };
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('runner', () => {
  it('does nothing after a persist before that is durable', async () => {
    const log: string[] = [];
    let durable = () => undefined as void;
    const runner = new Runner(
      machine(() => [
        { type: 'persist', ops: [] },
        { type: 'streamSend', bytes: new Uint8Array([1]) },
        notice,
      ]),
      ports(log, { persist: () => new Promise<void>((resolve) => (durable = resolve)) }),
    );
    runner.feed({ type: 'tick' });
    await settled();
    expect(log).toEqual([]);
    durable();
    await settled();
    expect(log).toEqual(['send 1', 'post notices']);
  });

  it('feeds one input at a time, in order', async () => {
    const log: string[] = [];
    let durable = () => undefined as void;
    const engine = machine((input) => (input.type === 'streamOpened' ? [{ type: 'persist', ops: [] }] : []));
    const runner = new Runner(
      engine,
      ports(log, { persist: () => new Promise<void>((resolve) => (durable = resolve)) }),
    );
    runner.feed({ type: 'streamOpened' });
    runner.feed({ type: 'tick' });
    runner.feed({ type: 'streamClosed', code: 1000 });
    await settled();
    expect(engine.fed.map((input) => input.type)).toEqual(['streamOpened']);
    durable();
    await settled();
    expect(engine.fed.map((input) => input.type)).toEqual(['streamOpened', 'tick', 'streamClosed']);
  });

  it('goes on while a call is under way and feeds its answer', async () => {
    const log: string[] = [];
    let answer = (_: { status: number; body: string }) => undefined as void;
    const engine = machine((input) =>
      input.type === 'tick' ? [{ type: 'http', id: 3, path: '/x', body: null }, notice] : [],
    );
    const runner = new Runner(
      engine,
      ports(log, { http: () => new Promise((resolve) => (answer = resolve)) }),
    );
    runner.feed({ type: 'tick' });
    await settled();
    expect(log).toEqual(['post notices']);
    answer({ status: 200, body: 'b' });
    await settled();
    expect(engine.fed.at(-1)).toEqual({ type: 'http', id: 3, status: 200, body: 'b' });
  });

  it('posts neighbouring notices together and keeps the order with replies', async () => {
    const posted: FromWorker[] = [];
    const runner = new Runner(
      machine(() => [notice, notice, { type: 'reply', id: 1, ok: { type: 'done' } }, notice]),
      ports([], { post: (message) => posted.push(message) }),
    );
    runner.feed({ type: 'tick' });
    await settled();
    expect(
      posted.map((message) => (message.type === 'notices' ? message.notices.length : message.type)),
    ).toEqual([2, 'reply', 1]);
  });

  it('tells a failure apart from a reply', async () => {
    const posted: FromWorker[] = [];
    const failure = { code: 'empty', message: 'm' };
    const runner = new Runner(
      machine(() => [{ type: 'reply', id: 9, failure }]),
      ports([], { post: (message) => posted.push(message) }),
    );
    runner.feed({ type: 'tick' });
    await settled();
    expect(posted).toEqual([{ type: 'refused', id: 9, failure }]);
  });

  it('carries out nothing more once it was stopped, and frees the machine once', async () => {
    const log: string[] = [];
    let durable = () => undefined as void;
    const engine = machine(() => [{ type: 'persist', ops: [] }, notice]);
    const free = vi.spyOn(engine, 'free');
    const runner = new Runner(
      engine,
      ports(log, { persist: () => new Promise<void>((resolve) => (durable = resolve)) }),
    );
    runner.feed({ type: 'tick' });
    runner.stop();
    durable();
    await settled();
    runner.feed({ type: 'tick' });
    runner.stop();
    await settled();
    expect(log).toEqual([]);
    expect(engine.fed).toHaveLength(1);
    expect(free).toHaveBeenCalledTimes(1);
  });

  it('stops when the store refuses or the machine fails', async () => {
    for (const over of [{ persist: () => Promise.reject(new Error('full')) }, {}]) {
      const log: string[] = [];
      const engine = machine(() => {
        if ('persist' in over) return [{ type: 'persist', ops: [] }, notice];
        throw new Error('panic');
      });
      const runner = new Runner(engine, ports(log, over));
      runner.feed({ type: 'tick' });
      await settled();
      runner.feed({ type: 'tick' });
      await settled();
      expect(log).toEqual([`failed Error: ${'persist' in over ? 'full' : 'panic'}`]);
      expect(engine.fed).toHaveLength(1);
    }
  });

  it('remembers what must not be done twice in the transaction that does it', async () => {
    const kept: StoreOp[][] = [];
    const log: string[] = [];
    const put: StoreOp = { type: 'put', key: 'm', value: new Uint8Array(), secret: false };
    const fed = machine((input) =>
      input.type === 'intent'
        ? [
            { type: 'persist', ops: [put] },
            { type: 'persist', ops: [] },
            { type: 'reply', id: input.id, ok: { type: 'done' } },
          ]
        : [],
    );
    const runner = new Runner(
      fed,
      ports(log, {
        persist: async (ops) => void kept.push(ops),
        wasDone: async (token) => kept.flat().some((op) => 'key' in op && op.key === `c/${token}`),
      }),
    );
    const send: Intent = { type: 'send', room: 'r', text: 't', reply: null, mentions: [], preview: null };
    runner.feed({ id: 1, intent: send, token: 'one', again: false });
    await settled();
    expect(kept).toMatchObject([
      [put, { type: 'put', key: 'c/one' }, { type: 'deleteRange', from: 'c/' }],
      [],
    ]);
    // The engine after it is asked for the same once more, and for one that the first one never got.
    runner.feed({ id: 1, intent: send, token: 'one', again: true });
    runner.feed({ id: 2, intent: send, token: 'two', again: true });
    runner.feed({ id: 3, intent: { type: 'sessions' }, token: 'three', again: true });
    await settled();
    expect(fed.fed).toHaveLength(3);
    expect(kept.flat().filter((op) => op === put)).toHaveLength(3);
    expect(log).toEqual(['post reply', 'post reply', 'post reply', 'post reply']);
    expect(kept.flat().filter((op) => 'key' in op && op.key.startsWith('c/'))).toHaveLength(2);
  });
});
