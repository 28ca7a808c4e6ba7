import { createContext } from 'svelte';
import type { AccountNotice, Connection, Intent, Notice, ReplyFor, Rollback, Room } from '../engine/api';
import type { EngineClient } from '../engine/client';
import { failureOf } from '../engine/client';
import type { EngineStatus } from '../engine/protocol';
import { AccountTask, TakeOver, type TaskName } from './account.svelte';
import { Announcements } from './announcements.svelte';
import { Login, Recovery, Registration } from './auth.svelte';
import { Admin } from './admin.svelte';
import { Clock } from './clock.svelte';
import { ConnectionState } from './connection.svelte';
import { Contacts } from './contacts.svelte';
import { deviceLabel } from './device';
import { Drafts } from './drafts.svelte';
import { Guest } from './guest.svelte';
import { I18n } from './i18n.svelte';
import { Pins } from './pins.svelte';
import { Prefs } from './prefs.svelte';
import { Presence } from './presence.svelte';
import { Receipts } from './receipts.svelte';
import { isMessage, Rooms } from './rooms.svelte';
import { Router, type Route, type RouterWindow } from './route.svelte';
import { Session } from './session.svelte';
import { Talk } from './talk.svelte';
import { Timelines } from './timelines';
import { Toasts } from './toasts.svelte';

/** What the app takes from the browser. */
export interface AppWindow extends RouterWindow {
  localStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  navigator: { languages: readonly string[]; userAgent: string };
}

export type DialogName =
  | 'newRoom'
  | 'newChat'
  | 'joinByLink'
  | 'invite'
  | 'editRoom'
  | 'roomPassword'
  | 'leaveRoom'
  | 'member'
  /** Appearance and language, for somebody who is not logged in. */
  | 'settings'
  | 'shortcuts'
  | 'logOut'
  | 'task'
  | 'place'
  | 'report';

/** A message that somebody wants to report. */
export interface Reported {
  room: Room;
  itemKey: string;
  /** Who wrote it. */
  name: string;
  text: string;
}

/** News that ask for attention; the others are said in passing. */
const ALARMING = [
  'totpReset',
  'recoveryCodeUsed',
  'recovered',
  'codeGuessed',
] as const satisfies AccountNotice[];

/** What happened to the account and is worth a look, until it is put away. */
export interface AccountNews {
  what: (typeof ALARMING)[number];
  at: number;
}

/** What others learn of the account, and it of them. */
export interface Sharing {
  readReceipts: boolean;
  typing: boolean;
  presence: boolean;
}

/** Everything the views show, fed by the engine. */
export class App {
  readonly engine: EngineClient;
  readonly prefs: Prefs;
  readonly i18n: I18n;
  readonly router: Router;
  readonly session: Session;
  readonly login: Login;
  readonly registration: Registration;
  readonly recovery: Recovery;
  readonly guest: Guest;
  readonly takeOver: TakeOver;
  readonly announcements: Announcements;
  readonly rooms: Rooms;
  readonly timelines: Timelines;
  readonly talk: Talk;
  readonly contacts: Contacts;
  readonly pins: Pins;
  readonly drafts: Drafts;
  readonly receipts = new Receipts();
  readonly presence: Presence;
  readonly connection = new ConnectionState();
  readonly toasts = new Toasts();
  readonly clock = new Clock();
  readonly admin: Admin;

  engineStatus = $state.raw<EngineStatus>({ type: 'starting' });
  dialog = $state<DialogName | null>(null);
  /** What of the account the relay has gone back to an older state of. */
  rolledBack = $state<Rollback | null>(null);
  /** Shown until the person has written it down. */
  newRecoveryKey = $state<string | null>(null);
  /** The change of the account that is under way. */
  task = $state.raw<AccountTask | null>(null);
  /** The message that is being reported. */
  reported = $state.raw<Reported | null>(null);
  /** The member that is looked at. */
  member = $state.raw<{ room: string; account: string; step?: 'safety' | 'block' } | null>(null);
  news = $state.raw<readonly AccountNews[]>([]);
  /** What others learn of the account, and it of them. */
  /** Of the history that this device misses; null when it misses none to speak of. */
  sync = $state.raw<Extract<Notice, { type: 'progress' }> | null>(null);
  sharing = $state.raw<Sharing>({ readReceipts: true, typing: true, presence: true });
  /** The details pane is open. */
  details = $state(false);

  /** Which of the big pictures to show. */
  readonly screen: 'elsewhere' | 'fatal' | 'auth' | 'newKey' | 'displaced' | 'waiting' | 'chat' = $derived.by(
    () => {
      if (this.engineStatus.type === 'elsewhere') return 'elsewhere';
      if (this.engineStatus.type === 'fatal') return 'fatal';
      if (this.registration.holding || this.login.holding || this.recovery.holding) return 'auth';
      if (this.guest.holding) return 'auth';
      if (this.session.phase === 'unknown') return this.prefs.remembered ? 'chat' : 'auth';
      if (this.session.phase === 'out') return 'auth';
      if (this.newRecoveryKey !== null) return 'newKey';
      if (this.#away) return 'displaced';
      return this.session.me?.status === 'pending' ? 'waiting' : 'chat';
    },
  );

  constructor(engine: EngineClient, window: AppWindow) {
    this.engine = engine;
    this.prefs = new Prefs(window.localStorage);
    this.i18n = new I18n(() => this.prefs.language, window.navigator.languages);
    this.rooms = new Rooms(() => this.i18n.t('someone'));
    this.router = new Router(window);
    this.session = new Session(engine, this.prefs);
    const device = deviceLabel(window.navigator.userAgent);
    this.login = new Login(engine, device);
    this.registration = new Registration(engine, device);
    this.recovery = new Recovery(engine, device);
    this.guest = new Guest(engine, device);
    this.takeOver = new TakeOver(engine);
    this.announcements = new Announcements(this.prefs);
    this.timelines = new Timelines(engine);
    this.talk = new Talk((intent) => this.attempt(intent));
    this.contacts = new Contacts(engine);
    this.pins = new Pins(engine);
    const call = (intent: Intent) => engine.call(intent);
    this.drafts = new Drafts(call);
    this.presence = new Presence(call);
    this.admin = new Admin(engine);
    engine.onNotice((notice) => this.#receive(notice));
    engine.onSnapshot((notices) => this.#resume(notices));
    engine.onStatus((status) => this.#engineIs(status));
    void this.session.askServer();
  }

  /** The text for a failure, in the person's language where the code is known. */
  explain(failure: { code: string; message: string; retryAfterS?: number | null | undefined }): string {
    const { t } = this.i18n;
    if (failure.code === 'rate_limited' && failure.retryAfterS != null) {
      return t('failure.rate_limited_for', { n: failure.retryAfterS });
    }
    const key = `failure.${failure.code}`;
    if (this.i18n.has(key)) return t(key);
    return failure.message === '' ? t('failure.internal') : failure.message;
  }

  /** Calls the engine and tells of a failure in a toast; the reply, or null. */
  async attempt<I extends Intent>(intent: I): Promise<ReplyFor<I['type']> | null> {
    try {
      return await this.engine.call(intent);
    } catch (thrown) {
      this.toasts.show(this.explain(failureOf(thrown)), 'bad');
      return null;
    }
  }

  /** The room that is open, if the account has it. */
  get room() {
    const { route } = this.router;
    return route.page === 'room' ? this.rooms.get(route.room) : undefined;
  }

  openRoom(room: string): void {
    this.router.go({ page: 'room', room });
  }

  /** Leaves what is open for what it lies in. */
  up(): void {
    const { route } = this.router;
    if (route.page === 'admin' && route.item !== null) this.router.go({ ...route, item: null });
    else if (route.page === 'room' || route.page === 'settings') this.router.go({ page: 'home' });
  }

  /** Asks for the password and begins a change of the account. */
  begin(name: TaskName): void {
    this.task = new AccountTask(this.engine, name);
    this.dialog = 'task';
  }

  closeDialog(): void {
    this.dialog = null;
    this.task = null;
    this.reported = null;
    this.member = null;
  }

  /** Shows a member of a room, and what can be done about them. */
  look(room: string, account: string, step?: 'safety' | 'block'): void {
    this.member = step === undefined ? { room, account } : { room, account, step };
    this.dialog = 'member';
  }

  report(reported: Reported): void {
    this.reported = reported;
    this.dialog = 'report';
  }

  /** Puts news away. */
  seen(news: AccountNews): void {
    this.news = this.news.filter((other) => other !== news);
  }

  /** The account is in use elsewhere, and this page is not back yet. */
  get #away(): boolean {
    const { type } = this.connection.state;
    return type === 'displaced' || (this.takeOver.pending && (type === 'connecting' || type === 'waiting'));
  }

  #connectionIs(state: Connection): void {
    if (state.type === 'connected') this.takeOver.settled();
    if (state.type === 'displaced' && !this.task?.holding) this.closeDialog();
    this.connection.receive(state);
  }

  #engineIs(status: EngineStatus): void {
    const before = this.engineStatus.type;
    this.engineStatus = status;
    if (status.type === 'elsewhere') this.#forget();
    if (status.type === 'ready' && before !== 'ready' && this.session.server === null) {
      void this.session.askServer();
    }
  }

  /** Another engine speaks from now on: in this tab or another, and perhaps not of what this page was told last. */
  #resume(notices: Notice[]): void {
    const session = notices.find((notice) => notice.type === 'session');
    if (this.session.me !== null && session?.me?.account !== this.session.me.account) this.#forget();
    const rooms = new Set(notices.flatMap((notice) => (notice.type === 'room' ? [notice.room.room] : [])));
    for (const { room } of this.rooms.all) if (!rooms.has(room)) this.#receive({ type: 'roomGone', room });
    this.sync = null;
    for (const notice of notices) this.#receive(notice);
    this.timelines.refresh();
  }

  #receive(notice: Notice): void {
    switch (notice.type) {
      case 'session':
        this.rolledBack = null;
        if (!notice.me) this.#loggedOut();
        this.session.receive(notice.me ?? null, notice.reason ?? null);
        if (notice.me) this.#loggedIn();
        return;
      case 'connection':
        return this.#connectionIs(notice.state);
      case 'account':
        return this.#tell(notice.what, notice.at);
      case 'announcements':
        return this.announcements.receive(notice.announcements);
      case 'room':
        this.contacts.stale();
        this.drafts.receive(notice.room);
        return this.rooms.receive(notice.room);
      case 'roomGone':
        this.contacts.stale();
        this.rooms.gone(notice.room);
        this.timelines.roomGone(notice.room);
        this.pins.roomGone(notice.room);
        this.receipts.gone(notice.room);
        if (this.router.route.page === 'room' && this.router.route.room === notice.room) {
          this.router.replace({ page: 'home' });
        }
        return;
      case 'items':
        this.pins.receive(notice.room, notice.items);
        this.presence.said(notice.room, notice.items);
        // What was deleted is told again, with its place and without its text.
        for (const { key, body } of notice.items) if (!isMessage(body)) this.#withdrawn(notice.room, key);
        return this.timelines.receive(notice.room, notice.items);
      case 'progress':
        this.sync = notice.rooms > 0 ? notice : null;
        return;
      case 'receipts':
        return this.receipts.receive(notice.room, notice.receipts);
      case 'presence':
        return this.presence.receive(notice.people);
      case 'preferences': {
        const { readReceipts, typing, presence } = notice;
        this.sharing = { readReceipts, typing, presence };
        if (!readReceipts) this.receipts.clear();
        if (!presence) this.presence.hide();
        return;
      }
      case 'accountRolledBack':
        this.rolledBack = notice.what;
        return;
      case 'rotated':
        this.newRecoveryKey = notice.recoveryKey;
        return;
      case 'identityChanged':
        // Rooms say so of their people, and stay blocked until it is accepted.
        return;
      case 'statistics':
        return this.admin.receive(notice.statistics);
      case 'typing':
        return this.presence.types(notice.room, notice.account, this.rooms.get(notice.room)?.last?.seq ?? 0);
      case 'itemGone':
        this.pins.gone(notice.room, notice.key);
        this.#withdrawn(notice.room, notice.key);
        return this.timelines.itemGone(notice.room, notice.key);
    }
  }

  /** A message is none any more, perhaps while somebody answers or changes it. */
  #withdrawn(room: string, key: string): void {
    const written = this.talk.gone(room, key);
    if (written === null) return;
    const draft = this.drafts.get(room);
    if (written !== '') this.drafts.set(room, draft === '' ? written : `${draft}\n${written}`);
    this.toasts.show(this.i18n.t('composer.gone'));
  }

  #loggedIn(): void {
    const { page } = this.router.route;
    this.login.entered();
    this.router.keep('setup', null);
    this.router.keep('admission', null);
    if (
      page === 'login' ||
      page === 'register' ||
      page === 'setup' ||
      page === 'recover' ||
      page === 'guest'
    ) {
      this.router.replace(this.entrance());
    }
  }

  /** Where somebody who has just logged in begins: where their link leads. */
  entrance(): Route {
    if (this.router.invite) return { page: 'join' };
    return this.router.contact ? { page: 'contact' } : { page: 'home' };
  }

  #tell(what: AccountNotice, at: number): void {
    const alarming = ALARMING.find((one) => one === what);
    if (alarming) this.news = [...this.news, { what: alarming, at }];
    else this.toasts.show(this.i18n.t(`news.${what}`));
  }

  #loggedOut(): void {
    const was = this.session.phase;
    this.#forget();
    // Another tab may take over and give back in between: what is shown only once outlives that.
    this.newRecoveryKey = null;
    if (was === 'in') this.router.replace({ page: 'home' });
    if (was === 'in') void this.session.askServer();
  }

  #forget(): void {
    this.rooms.clear();
    this.timelines.clear();
    this.admin.forget();
    this.drafts.clear();
    this.talk.clear();
    this.contacts.clear();
    this.pins.clear();
    this.receipts.clear();
    this.presence.clear();
    this.session.suspend();
    this.connection.receive({ type: 'idle' });
    this.announcements.clear();
    this.takeOver.settled();
    this.closeDialog();
    this.news = [];
    this.details = false;
    this.rolledBack = null;
    this.sync = null;
  }
}

export const [useApp, provideApp] = createContext<App>();
