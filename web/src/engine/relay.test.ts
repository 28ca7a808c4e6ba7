import { expect, test } from 'vitest';
import { EventParser, type LineEvents } from './lines';
import { Stream } from './relay';

function stream() {
  const opened: string[] = [];
  const told: string[] = [];
  const clock = { now: 0 };
  let current: LineEvents | undefined;
  const line = (kind: string) => (events: LineEvents) => {
    opened.push(kind);
    current = events;
    return { send: () => undefined, close: () => undefined };
  };
  const stream = new Stream(
    {
      opened: () => told.push('opened'),
      frame: () => told.push('frame'),
      closed: (code) => told.push(`closed ${code}`),
    },
    { socket: line('socket'), events: line('events') },
    () => clock.now,
  );
  return { stream, opened, told, clock, line: () => current as LineEvents };
}

test('events are used after two sockets that let nothing through, and a socket again later', () => {
  const { stream: live, opened, clock, line } = stream();
  const round = (works: boolean) => {
    live.open();
    line().opened();
    if (works) line().frame(new Uint8Array());
    line().closed(1006);
  };
  for (const works of [true, false, false, true, true]) round(works);
  expect(opened).toEqual(['socket', 'socket', 'socket', 'events', 'events']);
  clock.now += 11 * 60_000;
  for (const works of [false, true]) round(works);
  expect(opened.slice(5)).toEqual(['socket', 'events']);
  clock.now += 11 * 60_000;
  for (const works of [true, true]) round(works);
  expect(opened.slice(7)).toEqual(['socket', 'socket']);
});

test('with no relay both are tried in turn', () => {
  const { stream: live, opened, line } = stream();
  for (let i = 0; i < 6; i++) {
    live.open();
    line().closed(1006);
  }
  expect(opened).toEqual(['socket', 'socket', 'events', 'socket', 'events', 'socket']);
});

test('a line that was closed or replaced says nothing more', () => {
  const { stream: live, told, line } = stream();
  live.open();
  const first = line();
  live.open();
  first.frame(new Uint8Array());
  first.closed(1006);
  line().opened();
  live.close();
  line().closed(1000);
  expect(told).toEqual(['opened']);
});

test('events are read whole, however they are cut', () => {
  const all = 'event: open\ndata: abc\n\n:\n\ndata: AQI\n\nevent: close\ndata: 4401\n\n';
  for (const size of [1, 3, 7, all.length]) {
    const read: string[][] = [];
    const parser = new EventParser((name, data) => read.push([name, data]));
    for (let at = 0; at < all.length; at += size) parser.feed(all.slice(at, at + size));
    expect(read).toEqual([
      ['open', 'abc'],
      ['ping', ''],
      ['message', 'AQI'],
      ['close', '4401'],
    ]);
  }
});
