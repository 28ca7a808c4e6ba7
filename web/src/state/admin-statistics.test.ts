import { describe, expect, it } from 'vitest';
import { AdminApi } from './admin-api';
import { Admin } from './admin.svelte';
import { AdminStatistics, rangeOf } from './admin-statistics.svelte';
import { ScriptedEngine, settled } from './testing';
import type { Statistics } from './admin-types';

const HOUR = 3_600_000;

function sample(at: number, over: Partial<Statistics> = {}): Statistics {
  const zero = {
    users: 0,
    pending: 0,
    online: 0,
    connections: 0,
    messages_total: 0,
    messages_today: 0,
    bytes_in_per_s: 0,
    bytes_out_per_s: 0,
    requests_per_minute: 0,
    http_p50_us: 0,
    http_p95_us: 0,
    write_p50_us: 0,
    write_p95_us: 0,
    failed: 0,
    refused: 0,
    database_bytes: 0,
    wal_bytes: 0,
    disk_free_bytes: null,
    memory_bytes: null,
    uptime_s: 0,
    reports: 0,
    guests: 0,
  };
  return { at_ms: at, ...zero, ...over };
}

function statistics(answer: object = {}, status = 200) {
  const api = new AdminApi(() => Promise.resolve(new Response(JSON.stringify(answer), { status })));
  const engine = new ScriptedEngine();
  const admin = new Admin(engine, api);
  return { engine, admin, statistics: new AdminStatistics(admin) };
}

describe('statistics', () => {
  it('keep the last four minutes and drop what is old or comes twice', () => {
    const { statistics: all, admin } = statistics();
    for (let n = 1; n <= 130; n++) all.receive(sample(n * 2000, { online: n, pending: n, reports: n + 1 }));
    all.receive(sample(260_000, { online: 1 }));
    all.receive(sample(1000, { online: 1 }));
    expect(all.history).toHaveLength(120);
    expect(all.of(({ online }) => online).at(-1)).toBe(130);
    expect(all.now?.online).toBe(130);
    expect(admin).toMatchObject({ pending: 130, reports: 131 });
  });

  it('begin with what the relay remembers', async () => {
    const { statistics: all } = statistics({
      now: sample(6000, { online: 3 }),
      history: [sample(4000, { online: 2 }), sample(6000, { online: 3 })],
      hours: [],
    });
    await all.load();
    expect(all.of(({ online }) => online)).toEqual([2, 3]);
    expect(all.failure).toBeNull();
  });

  it('come over the stream while somebody watches, and no longer', async () => {
    const { engine, admin, statistics: all } = statistics({ now: sample(2000), history: [], hours: [] });
    const stop = all.watch();
    admin.receive(sample(4000, { online: 5 }));
    await settled();
    expect(all.of(({ online }) => online)).toEqual([0, 5]);
    stop();
    admin.receive(sample(6000, { online: 6 }));
    expect(all.now?.online).toBe(5);
    expect(engine.intents).toEqual([
      { type: 'watchStatistics', on: true },
      { type: 'watchStatistics', on: false },
    ]);
  });

  it('say when they cannot be watched', async () => {
    const { engine, statistics: all } = statistics({ now: sample(2000), history: [], hours: [] });
    all.watch();
    await settled();
    await engine.fail('offline');
    expect(all.failure?.code).toBe('offline');
    all.receive(sample(4000));
    expect(all.failure).toBeNull();
  });

  it('say why they are not there', async () => {
    const { statistics: all } = statistics({ code: 'not_administrator', detail: '' }, 403);
    await all.load();
    expect(all.failure?.code).toBe('not_administrator');
  });

  it('are interrupted where nothing was measured', () => {
    const { statistics: all } = statistics();
    all.receive(sample(2000, { online: 1, messages_total: 10 }));
    all.receive(sample(4000, { online: 2, messages_total: 11 }));
    all.receive(sample(60_000, { online: 3, messages_total: 50 }));
    all.receive(sample(62_000, { online: 4, messages_total: 54 }));
    expect(all.of(({ online }) => online)).toEqual([1, 2, null, 3, 4]);
    expect(all.growth((one) => one.messages_total)).toEqual([null, 30, null, null, 120]);
    expect(all.times).toEqual([2000, 4000, null, 60_000, 62_000]);
  });

  it('see no growth in a counter that began anew', () => {
    const { statistics: all } = statistics();
    all.receive(sample(2000, { failed: 7 }));
    all.receive(sample(4000, { failed: 0 }));
    expect(all.growth(({ failed }) => failed)).toEqual([null, null]);
  });

  it('have a place for each of the last 48 hours', async () => {
    const hour = (at: number, messages: number) => ({ at_ms: at * HOUR, messages });
    const { statistics: all } = statistics({
      now: sample(100 * HOUR + 5),
      history: [],
      hours: [hour(40, 1), hour(60, 2), hour(99, 3)],
    });
    await all.load();
    const values = all.hourly(({ messages }) => messages);
    expect(values).toHaveLength(48);
    expect([values[7], values[46], values[47]]).toEqual([2, 3, null]);
    expect([all.hourTimes[0], all.hourTimes[47]]).toEqual([53 * HOUR, 100 * HOUR]);
  });

  it('are summed up for the ear', () => {
    expect(rangeOf([null, 4, 2, null, 3, null])).toEqual({ low: 2, high: 4, last: 3 });
    expect(rangeOf([null])).toBeNull();
  });
});
