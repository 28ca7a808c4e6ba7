import { describe, expect, it } from 'vitest';
import type { Me } from '../engine/api';
import { App } from './app.svelte';
import { ScriptedEngine, fakeWindow, room, text } from './testing';

const me: Me = {
  account: 'me',
  username: 'mira',
  displayName: 'Mira',
  administrator: false,
  status: 'active',
  totp: true,
  recoveryCodesLeft: 10,
  guest: false,
};

function started(hash = '', remembered = false) {
  const engine = new ScriptedEngine();
  const window = fakeWindow(hash);
  if (remembered) window.localStorage.setItem('waxwing.account', 'yes');
  return { engine, window, app: new App(engine, window) };
}

describe('what is shown', () => {
  it('is the landing page at first, and the shell when somebody was logged in', () => {
    expect(started().app.screen).toBe('auth');
    expect(started('', true).app.screen).toBe('chat');
  });

  it('follows the session', () => {
    const { app, engine, window } = started('#/login');
    engine.notify({ type: 'session', me, reason: null });
    expect(app.screen).toBe('chat');
    expect(window.location.hash).toBe('#/');
    expect(app.prefs.remembered).toBe(true);
    engine.notify({ type: 'session', me: null, reason: 'ended' });
    expect(app.screen).toBe('auth');
    expect(app.session.reason).toBe('ended');
    expect(app.prefs.remembered).toBe(false);
  });

  it('is the card when another version runs in another tab, with nothing left behind it', () => {
    const { app, engine } = started();
    engine.notify({ type: 'session', me, reason: null });
    engine.notify({ type: 'room', room: room('r') });
    app.drafts.set('r', 'half a thought');
    engine.say({ type: 'elsewhere' });
    expect(app.screen).toBe('elsewhere');
    expect(app.rooms.all).toEqual([]);
    expect(app.drafts.get('r')).toBe('');
    engine.say({ type: 'starting' });
    engine.notify({ type: 'session', me, reason: null });
    expect(app.screen).toBe('chat');
  });

  it('goes on when another engine speaks, with nothing that is not so any more', async () => {
    const { app, engine } = started();
    await engine.fail('offline');
    const session = { type: 'session', me, reason: null } as const;
    engine.notify(session);
    for (const id of ['gone', 'kept']) engine.notify({ type: 'room', room: room(id) });
    app.drafts.set('kept', 'half a thought');
    app.openRoom('kept');
    const timeline = app.timelines.visit('kept', { unread: 0, read: 0 });
    await engine.reply({ type: 'timeline', items: [text('a', 1), text('unsent', null)], more: false });
    engine.resume([session, { type: 'room', room: room('kept', { unread: 2 }) }]);
    expect(app.screen).toBe('chat');
    expect(app.rooms.all.map(({ room: id, unread }) => [id, unread])).toEqual([['kept', 2]]);
    expect(app.drafts.get('kept')).toBe('half a thought');
    // What happened in between was told to nobody.
    await engine.reply({ type: 'timeline', items: [text('a', 1), text('b', 2)], more: false });
    expect(timeline.items.map(({ key }) => key)).toEqual(['a', 'b']);

    engine.resume([{ ...session, me: { ...me, account: 'somebody else' } }]);
    expect(app.rooms.all).toEqual([]);
    expect(app.drafts.get('kept')).toBe('');
    engine.resume([{ type: 'session', me: null, reason: null }]);
    expect(app.screen).toBe('auth');
  });

  it('stays with the recovery key until it was confirmed', async () => {
    const { app, engine } = started('#/register');
    await engine.fail('offline');
    void app.registration.submitDetails({
      username: 'mira',
      password: 'pw',
      displayName: '',
      setupToken: null,
      invite: null,
    });
    await engine.reply({ type: 'totpEnrolment', secret: 's', uri: 'otpauth://', optional: false });
    void app.registration.submitCode('123456');
    engine.notify({ type: 'session', me, reason: null });
    expect(app.screen).toBe('auth');
    await engine.reply({ type: 'registered', recoveryKey: 'KEY', recoveryCodes: [] });
    expect(app.screen).toBe('auth');
    app.registration.keyKept();
    app.registration.confirmKey('key');
    expect(app.screen).toBe('chat');
  });

  it('is the waiting page until the account is approved', () => {
    const { app, engine } = started();
    engine.notify({ type: 'session', me: { ...me, status: 'pending' }, reason: null });
    expect(app.screen).toBe('waiting');
    engine.notify({ type: 'session', me, reason: null });
    engine.notify({ type: 'account', what: 'approved', at: 1 });
    expect(app.screen).toBe('chat');
    expect(app.toasts.list).toHaveLength(1);
    expect(app.news).toEqual([]);
  });

  it('is the card while the account is in use elsewhere', async () => {
    const { app, engine } = started();
    await engine.fail('offline');
    engine.notify({ type: 'session', me, reason: null });
    app.dialog = 'newRoom';
    engine.notify({ type: 'connection', state: { type: 'displaced' } });
    expect(app.screen).toBe('displaced');
    expect(app.dialog).toBeNull();
    void app.takeOver.submit();
    expect(engine.intents.at(-1)).toEqual({ type: 'takeOver' });
    await engine.reply({ type: 'done' });
    // Right after the other one came one has to wait a moment: not behind the card, but on it.
    engine.notify({ type: 'connection', state: { type: 'connecting' } });
    engine.notify({ type: 'connection', state: { type: 'waiting', retryAt: Date.now() + 3000 } });
    expect(app.screen).toBe('displaced');
    expect(app.connection.seconds).toBe(3);
    engine.notify({ type: 'connection', state: { type: 'connected' } });
    expect(app.screen).toBe('chat');
    engine.notify({ type: 'connection', state: { type: 'waiting', retryAt: Date.now() + 3000 } });
    expect(app.screen).toBe('chat');
    engine.notify({ type: 'connection', state: { type: 'idle' } });
  });

  it('holds a recovery key that nobody has seen, even when another tab comes in between', () => {
    const { app, engine } = started();
    engine.notify({ type: 'session', me, reason: null });
    engine.notify({ type: 'rotated', recoveryKey: 'KEY' });
    expect(app.screen).toBe('newKey');
    engine.say({ type: 'elsewhere' });
    engine.say({ type: 'starting' });
    engine.notify({ type: 'session', me, reason: null });
    expect(app.screen).toBe('newKey');
    app.newRecoveryKey = null;
    expect(app.screen).toBe('chat');
  });

  it('tells what happened to the account until it is put away', () => {
    const { app, engine } = started();
    engine.notify({ type: 'session', me, reason: null });
    engine.notify({ type: 'account', what: 'totpReset', at: 1 });
    engine.notify({ type: 'account', what: 'recoveryCodeUsed', at: 2 });
    expect(app.news.map(({ what }) => what)).toEqual(['totpReset', 'recoveryCodeUsed']);
    const [first] = app.news;
    if (first) app.seen(first);
    expect(app.news.map(({ what }) => what)).toEqual(['recoveryCodeUsed']);
    engine.notify({ type: 'account', what: 'codeGuessed', at: 3 });
    expect(app.news.map(({ what }) => what)).toEqual(['recoveryCodeUsed', 'codeGuessed']);
    engine.notify({ type: 'session', me: null, reason: 'ended' });
    expect(app.news).toEqual([]);
  });

  it('remembers an invite through the login', () => {
    const { app, engine, window } = started('#/join/INVITE');
    expect(app.screen).toBe('auth');
    app.router.go({ page: 'login' });
    engine.notify({ type: 'session', me, reason: null });
    expect(window.location.hash).toBe('#/join');
    expect(app.router.invite).toBe('INVITE');
  });

  it('leaves a room that is gone', () => {
    const { app, engine, window } = started('#/room/r');
    engine.notify({ type: 'session', me, reason: null });
    engine.notify({ type: 'room', room: room('r', { last: text('a', 1) }) });
    expect(app.room?.room).toBe('r');
    engine.notify({ type: 'roomGone', room: 'r' });
    expect(window.location.hash).toBe('#/');
  });
});

describe('a message that is deleted meanwhile', () => {
  function writing() {
    const { app, engine } = started();
    engine.notify({ type: 'session', me, reason: null });
    engine.notify({ type: 'room', room: room('r') });
    const remove = (key: string) => {
      const gone = text(key, 1, { body: { type: 'deleted', by: 'ann' } });
      engine.notify({ type: 'items', room: 'r', items: [gone] });
    };
    return { app, engine, remove };
  }

  it('is answered no more, and what was written stays', () => {
    const { app, remove } = writing();
    app.drafts.set('r', 'yes, because');
    app.talk.reply('r', text('a', 1));
    remove('another');
    expect(app.talk.replying('r')?.key).toBe('a');
    remove('a');
    expect(app.talk.replying('r')).toBeNull();
    expect(app.drafts.get('r')).toBe('yes, because');
    expect(app.toasts.list).toHaveLength(1);
    app.drafts.clear();
  });

  it('is changed no more: the new text is a draft, and the deleted one nowhere', () => {
    const { app, remove } = writing();
    app.drafts.set('r', 'begun');
    app.talk.edit('r', text('a', 1));
    app.talk.write('r', 'better');
    remove('a');
    expect(app.talk.editing('r')).toBeNull();
    expect(app.drafts.get('r')).toBe('begun\nbetter');
    app.talk.edit('r', text('b', 1));
    remove('b');
    expect(app.drafts.get('r')).toBe('begun\nbetter');
    app.drafts.clear();
  });

  it('is not in a window either', () => {
    const { app, remove } = writing();
    app.talk.dialog = { name: 'forward', room: room('r'), item: text('a', 1) };
    remove('a');
    expect(app.talk.dialog).toBeNull();
    expect(app.toasts.list).toHaveLength(0);
  });
});

describe('failures', () => {
  it('are explained by their code, otherwise in their own words', () => {
    const { app } = started();
    expect(app.explain({ code: 'wrong_code', message: 'x' })).toContain('30 seconds');
    expect(app.explain({ code: 'rate_limited', message: '', retryAfterS: 1 })).toContain('1 second.');
    expect(app.explain({ code: 'invalid', message: 'The field is wrong.' })).toBe('The field is wrong.');
    expect(app.explain({ code: 'invalid', message: '' })).not.toBe('');
  });
});
