import { describe, expect, it } from 'vitest';
import { CallFailure } from '../engine/client';
import { AdminList, type ListPage } from './admin-list.svelte';
import { settled } from './testing';

type Answer = { resolve(page: ListPage<string>): void; reject(error: Error): void };

/** A list whose questions are answered by hand, in any order. */
function scripted() {
  const asked: { query: { text: string }; after: string | null }[] = [];
  const open: Answer[] = [];
  const list = new AdminList<string, { text: string }>({ text: '' }, (query, after) => {
    asked.push({ query, after });
    return new Promise((resolve, reject) => open.push({ resolve, reject }));
  });
  const answer = async (at: number, page: ListPage<string>) => {
    open[at]?.resolve(page);
    await settled();
  };
  const fail = async (at: number, code: string) => {
    open[at]?.reject(new CallFailure({ code, message: '' }));
    await settled();
  };
  return { list, asked, answer, fail };
}

describe('a list in pages', () => {
  it('adds page after page until there is none', async () => {
    const { list, asked, answer } = scripted();
    void list.load();
    expect(list.phase).toBe('loading');
    await answer(0, { items: ['a', 'b'], total: 3, next: 'n' });
    expect(list).toMatchObject({ phase: 'ready', items: ['a', 'b'], total: 3, busy: false });
    void list.more();
    void list.more();
    expect(asked).toHaveLength(2);
    expect(asked[1]?.after).toBe('n');
    await answer(1, { items: ['c'], total: 3, next: null });
    expect(list.items).toEqual(['a', 'b', 'c']);
    void list.more();
    expect(asked).toHaveLength(2);
  });

  it('shows the answer to the newest question, whatever the order of the answers', async () => {
    const { list, answer } = scripted();
    void list.load();
    void list.change({ text: 'm' });
    void list.change({ text: 'mi' });
    await answer(2, { items: ['mira'], total: 1 });
    await answer(1, { items: ['mira', 'max'], total: 2 });
    await answer(0, { items: ['everybody'], total: 9 });
    expect(list).toMatchObject({ items: ['mira'], total: 1, busy: false });
  });

  it('drops a further page of a query that has changed meanwhile', async () => {
    const { list, answer } = scripted();
    void list.load();
    await answer(0, { items: ['a'], next: 'n' });
    void list.more();
    void list.change({ text: 'x' });
    await answer(2, { items: ['x'] });
    await answer(1, { items: ['b'] });
    expect(list.items).toEqual(['x']);
  });

  it('asks nothing for an equal query', async () => {
    const { list, asked } = scripted();
    await list.change({ text: '' });
    expect(asked).toEqual([]);
  });

  it('says why there is nothing, keeps what there was, and tries again', async () => {
    const { list, answer, fail } = scripted();
    void list.load();
    await fail(0, 'offline');
    expect(list).toMatchObject({ phase: 'failed', failure: { code: 'offline' }, busy: false });
    void list.load();
    expect(list.phase).toBe('loading');
    await answer(1, { items: ['a'], next: 'n' });
    void list.more();
    await fail(2, 'rate_limited');
    expect(list).toMatchObject({ phase: 'ready', items: ['a'], failure: { code: 'rate_limited' } });
  });

  it('takes newer rows and lets go of those that are gone', async () => {
    const { list, answer } = scripted();
    void list.load();
    await answer(0, { items: ['a', 'b'], total: 5 });
    list.put((item) => item === 'a', 'A');
    list.drop((item) => item === 'b');
    expect(list).toMatchObject({ items: ['A'], total: 4 });
  });
});
