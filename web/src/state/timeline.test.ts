import { describe, expect, it } from 'vitest';
import { ScriptedEngine, settled, text } from './testing';
import { Timeline } from './timeline.svelte';
import { Timelines } from './timelines';

const keys = (timeline: Timeline) => timeline.items.map((item) => item.key);

const SEEN = { unread: 0, read: 0 };

async function opened() {
  const engine = new ScriptedEngine();
  const timeline = new Timeline('r', engine);
  void timeline.open(SEEN);
  await engine.reply({ type: 'timeline', items: [text('c', 3), text('d', 4), text('e', 5)], more: true });
  return { engine, timeline };
}

describe('timeline', () => {
  it('begins with the newest page', async () => {
    const { engine, timeline } = await opened();
    expect(engine.intents).toEqual([{ type: 'timeline', room: 'r', page: { type: 'newest' }, limit: 50 }]);
    expect(keys(timeline)).toEqual(['c', 'd', 'e']);
    expect(timeline.status).toBe('ready');
  });

  it('puts older pages in front, and says so to the view', async () => {
    const { engine, timeline } = await opened();
    void timeline.loadOlder();
    void timeline.loadOlder();
    expect(engine.intents.slice(1)).toEqual([
      { type: 'timeline', room: 'r', page: { type: 'before', seq: 3 }, limit: 50 },
    ]);
    await engine.reply({ type: 'timeline', items: [text('a', 1), text('b', 2)], more: false });
    expect(keys(timeline)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(timeline.shift).toBe(true);
    void timeline.loadOlder();
    expect(engine.intents).toHaveLength(2);
    timeline.receive([text('f', 6)]);
    expect(timeline.shift).toBe(false);
  });

  it('moves an own message from the end into its place when it was sent', async () => {
    const { timeline } = await opened();
    const waiting = text('mine', null, { own: true, at: 5500 });
    timeline.receive([waiting]);
    timeline.receive([text('f', 6)]);
    expect(keys(timeline)).toEqual(['c', 'd', 'e', 'f', 'mine']);
    timeline.receive([{ ...waiting, seq: 7 }]);
    timeline.receive([text('g', 8)]);
    expect(keys(timeline)).toEqual(['c', 'd', 'e', 'f', 'mine', 'g']);
  });

  it('orders by number and not by the time that authors claim', async () => {
    const { timeline } = await opened();
    timeline.receive([text('g', 7, { at: 1 }), text('f', 6, { at: 9e12 })]);
    expect(keys(timeline)).toEqual(['c', 'd', 'e', 'f', 'g']);
  });

  it('merges what came while the page was on its way', async () => {
    const engine = new ScriptedEngine();
    const timeline = new Timeline('r', engine);
    void timeline.open(SEEN);
    timeline.receive([text('c', 3)]);
    await engine.reply({ type: 'timeline', items: [text('a', 1), text('b', 2), text('c', 3)], more: false });
    expect(keys(timeline)).toEqual(['a', 'b', 'c']);
    expect(timeline.fresh).toBe(0);
  });

  it('leaves old messages that change to the page that they belong to', async () => {
    const { engine, timeline } = await opened();
    timeline.receive([text('old', 1, { reactions: [{ emoji: '👍', accounts: ['ann'] }] })]);
    expect(keys(timeline)).toEqual(['c', 'd', 'e']);
    expect(timeline.fresh).toBe(0);
    expect(timeline.announced).toBeNull();
    void timeline.loadOlder();
    expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'before', seq: 3 } });
    await engine.reply({ type: 'timeline', items: [text('old', 1), text('b', 2)], more: false });
    expect(keys(timeline)).toEqual(['old', 'b', 'c', 'd', 'e']);
    // Where nothing is missing any more, what turns up late has its place.
    timeline.receive([text('oldest', 0)]);
    expect(keys(timeline)[0]).toBe('oldest');
    expect(timeline.fresh).toBe(0);
  });

  it('takes what was told of a page over what the page says', async () => {
    const { engine, timeline } = await opened();
    void timeline.loadOlder();
    timeline.receive([text('b', 2, { edited: 1 })]);
    timeline.gone('a');
    timeline.gone('e');
    await engine.reply({ type: 'timeline', items: [text('a', 1), text('b', 2)], more: true });
    expect(keys(timeline)).toEqual(['b', 'c', 'd']);
    expect(timeline.item('b')?.edited).toBe(1);
  });

  it('has no hole where a live message comes before the page that it opens with', async () => {
    const engine = new ScriptedEngine();
    const timeline = new Timeline('r', engine);
    void timeline.open({ unread: 5_000, read: 99, last: text('z', 5_099) });
    timeline.receive([text('live', 5_100), text('b', 101, { edited: 1 }), text('mine', null, { own: true })]);
    expect(keys(timeline)).toEqual([]);
    const page = [text('a', 99), text('b', 101), text('c', 102)];
    await engine.reply({ type: 'timeline', items: page, more: true, newer: true });
    expect(keys(timeline)).toEqual(['a', 'b', 'c']);
    expect(timeline.item('b')?.edited).toBe(1);
    expect(timeline.lastSeq).toBe(102);
    // A reaction to what is not here yet is no new message.
    timeline.receive([text('between', 2_000)]);
    expect(timeline.fresh).toBe(0);
    timeline.receive([text('next', 5_101)]);
    expect(timeline.fresh).toBe(1);
  });

  it('drops a discarded message', async () => {
    const { timeline } = await opened();
    timeline.gone('d');
    timeline.gone('unknown');
    expect(keys(timeline)).toEqual(['c', 'e']);
  });

  it('draws the line above the oldest unread message of others', async () => {
    const engine = new ScriptedEngine();
    const timeline = new Timeline('r', engine);
    void timeline.open({ unread: 2, read: 1 });
    const items = [text('a', 1), text('b', 2), text('own', 3, { own: true }), text('c', 4)];
    await engine.reply({ type: 'timeline', items, more: false });
    expect(timeline.firstUnread).toBe('b');
    timeline.leave();
    timeline.mark({ unread: 0, read: 4 });
    expect(timeline.firstUnread).toBeNull();
  });

  it('begins where the unread messages begin, however far that is', async () => {
    const engine = new ScriptedEngine();
    const timeline = new Timeline('r', engine);
    void timeline.open({ unread: 5_000, read: 99 });
    expect(engine.intents).toMatchObject([{ page: { type: 'around', seq: 100 } }]);
    const items = [text('a', 99), text('own', 100, { own: true }), text('b', 101)];
    await engine.reply({ type: 'timeline', items, more: true, newer: true });
    expect(timeline.firstUnread).toBe('b');
    expect(timeline.newer).toBe(true);
  });

  it('counts and announces only new messages of others', async () => {
    const { timeline } = await opened();
    timeline.receive([text('e', 5), text('mine', null, { own: true })]);
    expect(timeline.fresh).toBe(0);
    timeline.receive([text('f', 6), text('g', 7)]);
    expect(timeline.fresh).toBe(2);
    expect(timeline.announced?.key).toBe('g');
  });

  it('forgets what it announced when that is deleted', async () => {
    const { timeline } = await opened();
    timeline.receive([text('f', 6)]);
    timeline.receive([text('f', 6, { body: { type: 'deleted', by: 'ann' } })]);
    expect(timeline.announced).toBeNull();
    expect(timeline.item('f')?.body.type).toBe('deleted');
  });

  describe('far from the end', () => {
    async function far() {
      const { engine, timeline } = await opened();
      const shown = timeline.show('b1', 100);
      expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'around', seq: 100 } });
      await engine.reply({
        type: 'timeline',
        items: [text('a1', 99), text('b1', 100)],
        more: true,
        newer: true,
      });
      expect(await shown).toBe(true);
      return { engine, timeline };
    }

    it('shows that part alone, and what follows when it is asked for', async () => {
      const { engine, timeline } = await far();
      expect(keys(timeline)).toEqual(['a1', 'b1']);
      expect(timeline.wanted).toEqual({ key: 'b1', align: 'center' });
      timeline.receive([text('z', 900), text('b1', 100, { edited: 1 }), text('own', null, { own: true })]);
      expect(keys(timeline)).toEqual(['a1', 'b1']);
      expect(timeline.item('b1')?.edited).toBe(1);
      expect(timeline.fresh).toBe(1);
      void timeline.loadNewer();
      expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'after', seq: 100 } });
      await engine.reply({ type: 'timeline', items: [text('z', 900)], more: true, newer: false });
      expect(keys(timeline)).toEqual(['a1', 'b1', 'z']);
      expect(timeline.newer).toBe(false);
    });

    it('goes back to the newest', async () => {
      const { engine, timeline } = await far();
      void timeline.showNewest();
      await engine.reply({ type: 'timeline', items: [text('z', 900)], more: true, newer: false });
      expect(keys(timeline)).toEqual(['z']);
      expect(timeline.wanted).toEqual({ key: null, align: 'end' });
    });

    it('keeps what comes while the newest are on their way', async () => {
      const { engine, timeline } = await far();
      void timeline.showNewest();
      timeline.receive([text('z', 901), text('old', 500), text('mine', null, { own: true })]);
      timeline.gone('x');
      const page = [text('x', 899), text('y', 900)];
      await engine.reply({ type: 'timeline', items: page, more: true, newer: false });
      expect(keys(timeline)).toEqual(['y', 'z', 'mine']);
    });

    it('keeps what comes while the last page is on its way', async () => {
      const { engine, timeline } = await far();
      void timeline.loadNewer();
      timeline.receive([text('z', 900), text('mine', null, { own: true })]);
      await engine.reply({ type: 'timeline', items: [text('y', 101)], more: true, newer: false });
      expect(keys(timeline)).toEqual(['a1', 'b1', 'y', 'z', 'mine']);
    });

    it('takes in nothing that is after the part that is shown', async () => {
      const { engine, timeline } = await far();
      void timeline.show('b2', 300);
      timeline.receive([text('z', 901), text('b2', 300, { edited: 1 }), text('own', null, { own: true })]);
      const page = [text('a2', 299), text('b2', 300)];
      await engine.reply({ type: 'timeline', items: page, more: true, newer: true });
      expect(keys(timeline)).toEqual(['a2', 'b2']);
      expect(timeline.item('b2')?.edited).toBe(1);
    });

    it('drops a page that was asked for before', async () => {
      const { engine, timeline } = await far();
      void timeline.loadOlder();
      void timeline.showNewest();
      await engine.reply({ type: 'timeline', items: [text('x', 98)], more: true, newer: true });
      await engine.reply({ type: 'timeline', items: [text('z', 900)], more: true, newer: false });
      expect(keys(timeline)).toEqual(['z']);
    });
  });

  it('has no hole where much was missed and something comes while that is found out', async () => {
    const { engine, timeline } = await opened();
    timeline.receive([text('mine', null, { own: true })]);
    void timeline.refresh();
    timeline.receive([text('live', 900)]);
    await engine.reply({ type: 'timeline', items: [text('y', 899), text('live', 900)], more: true });
    expect(keys(timeline)).toEqual(['c', 'd', 'e']);
    expect(timeline.newer).toBe(true);
    void timeline.loadNewer();
    expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'after', seq: 5 } });
  });

  it('goes to what is here without asking, and says when a place is nowhere', async () => {
    const { engine, timeline } = await opened();
    expect(await timeline.show('d', 4)).toBe(true);
    expect(await timeline.show('unknown', null)).toBe(false);
    expect(engine.intents).toHaveLength(1);
    const shown = timeline.show('gone', 2);
    await engine.fail('no_such_room');
    expect(await shown).toBe(false);
    expect(keys(timeline)).toEqual(['c', 'd', 'e']);
  });

  it('goes to a time, here or elsewhere', async () => {
    const { engine, timeline } = await opened();
    await timeline.showTime(4000);
    expect(timeline.wanted?.key).toBe('d');
    void timeline.showTime(1);
    expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'at', at: 1 } });
    await engine.reply({ type: 'timeline', items: [text('a', 1), text('b', 2)], more: false, newer: true });
    expect(timeline.wanted?.key).toBe('a');
  });

  it('can be asked again after a failure', async () => {
    const engine = new ScriptedEngine();
    const timeline = new Timeline('r', engine);
    void timeline.open(SEEN);
    await engine.fail('no_such_room');
    expect(timeline.status).toBe('failed');
    void timeline.open(SEEN);
    await engine.reply({ type: 'timeline', items: [], more: false });
    expect(timeline.status).toBe('ready');
  });

  it('knows the newest number', async () => {
    const { timeline } = await opened();
    timeline.receive([text('mine', null, { own: true })]);
    expect(timeline.lastSeq).toBe(5);
  });

  it('makes no island of an old message that is told again', async () => {
    const { engine, timeline } = await opened();
    timeline.receive([text('old', 1, { edited: 9 })]);
    expect(keys(timeline)).toEqual(['c', 'd', 'e']);
    expect(timeline.fresh).toBe(0);
    expect(timeline.announced).toBeNull();
    void timeline.loadOlder();
    expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'before', seq: 3 } });
    await engine.reply({ type: 'timeline', items: [text('old', 1), text('b', 2)], more: false });
    expect(keys(timeline)).toEqual(['old', 'b', 'c', 'd', 'e']);

    const early = new Timeline('r', engine);
    void early.open(SEEN);
    early.receive([text('old', 1)]);
    await engine.reply({ type: 'timeline', items: [text('c', 3)], more: true });
    expect(keys(early)).toEqual(['c']);
  });

  it('shows in answers what a message says now that is not here', async () => {
    const { timeline } = await opened();
    const reply = { key: 'old', seq: 1, sender: 'ann', text: 'as it was' };
    timeline.receive([text('f', 6, { reply })]);
    const says = () => timeline.item('f')?.reply?.text;
    const said = (text: string) => ({ type: 'text' as const, text, state: { type: 'sent' as const } });
    timeline.receive([text('old', 1, { body: said('as it is') })]);
    expect(says()).toBe('as it is');
    timeline.receive([text('old', 1, { body: { type: 'deleted', by: 'ann' } })]);
    expect(says()).toBe('');
  });

  describe('with more than can be kept', () => {
    async function long() {
      const { engine, timeline } = await opened();
      timeline.receive(Array.from({ length: 1995 }, (_, i) => text(`k${i + 6}`, i + 6)));
      return { engine, timeline, seqs: () => timeline.items.map(({ seq }) => seq ?? 0) };
    }

    it('lets go of the end that is far away, and fetches it again', async () => {
      const { engine, timeline, seqs } = await long();
      timeline.keepAround(100);
      expect([seqs()[0], seqs().at(-1)]).toEqual([3, 702]);
      expect([timeline.newer, timeline.shift]).toEqual([true, false]);
      void timeline.loadNewer();
      expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'after', seq: 702 } });
      await engine.reply({ type: 'timeline', items: [text('k703', 703)], more: true, newer: true });
      expect(seqs().at(-1)).toBe(703);
      timeline.receive([text('k2001', 2001)]);
      expect(seqs().at(-1)).toBe(703);
      expect(timeline.fresh).toBe(1996);
    });

    it('lets go of the beginning while somebody is at the end', async () => {
      const { engine, timeline, seqs } = await long();
      timeline.keepAround(1990);
      expect([seqs()[0], seqs().at(-1), seqs().length]).toEqual([1393, 2000, 608]);
      expect([timeline.more, Boolean(timeline.newer), timeline.shift]).toEqual([true, false, true]);
      void timeline.loadOlder();
      expect(engine.intents.at(-1)).toMatchObject({ page: { type: 'before', seq: 1393 } });
      // Not while a page is on its way: it has to fit.
      timeline.receive(Array.from({ length: 1500 }, (_, i) => text(`m${i}`, 2001 + i)));
      timeline.keepAround(2000);
      expect(seqs()[0]).toBe(1393);
    });

    it('keeps what answers say that lead to what is let go', async () => {
      const { timeline } = await long();
      const reply = { key: 'k100', seq: 100, sender: 'ann', text: 'stale' };
      timeline.receive([text('answer', 2001, { reply })]);
      timeline.keepAround(1990);
      expect(timeline.item('k100')).toBeUndefined();
      expect(timeline.item('answer')?.reply?.text).not.toBe('stale');
    });

    it('keeps little of a room that is left', async () => {
      const { timeline, seqs } = await long();
      timeline.leave();
      expect([seqs().length, seqs().at(-1), timeline.more]).toEqual([200, 2000, true]);
    });
  });

  it('takes a hundred thousand items', async () => {
    const engine = new ScriptedEngine();
    const timeline = new Timeline('r', engine);
    void timeline.open(SEEN);
    const items = Array.from({ length: 100_000 }, (_, i) => text(`k${i}`, i + 1));
    await engine.reply({ type: 'timeline', items, more: false });
    for (let i = 0; i < 20; i++) timeline.receive([text(`n${i}`, 100_001 + i)]);
    expect(timeline.items).toHaveLength(100_020);
    expect(timeline.items.at(-1)?.key).toBe('n19');
  });
});

describe('timelines', () => {
  it('are fetched once and keep what they have', async () => {
    const engine = new ScriptedEngine();
    const timelines = new Timelines(engine);
    const first = timelines.visit('r', SEEN);
    await engine.reply({ type: 'timeline', items: [text('a', 1)], more: false });
    timelines.receive('r', [text('b', 2)]);
    timelines.receive('other', [text('x', 1)]);
    expect(timelines.visit('r', SEEN)).toBe(first);
    expect(keys(first)).toEqual(['a', 'b']);
    expect(engine.intents).toHaveLength(1);
    timelines.clear();
    expect(timelines.visit('r', SEEN)).not.toBe(first);
    await settled();
  });

  it('are those that were visited last', async () => {
    const timelines = new Timelines(new ScriptedEngine());
    const [a, b] = ['a', 'b'].map((room) => timelines.visit(room, SEEN));
    for (let n = 0; n < 18; n++) timelines.visit(`r${n}`, SEEN);
    expect(timelines.visit('a', SEEN)).toBe(a);
    timelines.visit('one more', SEEN);
    expect(timelines.visit('a', SEEN)).toBe(a);
    expect(timelines.visit('b', SEEN)).not.toBe(b);
    await settled();
  });
});
