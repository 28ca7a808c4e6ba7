import { createContext } from 'svelte';
import type { Intent, Notice, ReplyFor, Rollback } from '../engine/api';
import type { EngineClient } from '../engine/client';
import { failureOf } from '../engine/client';
import type { EngineStatus } from '../engine/protocol';
import { Admin } from './admin.svelte';
import { Clock } from './clock.svelte';
import { ConnectionState } from './connection.svelte';
import { Drafts } from './drafts.svelte';
import { I18n } from './i18n.svelte';
import { Prefs } from './prefs.svelte';
import { Rooms } from './rooms.svelte';
import { Router, type RouterWindow } from './route.svelte';
import { Login, Registration, Session } from './session.svelte';
import { Timelines } from './timeline.svelte';
import { Toasts } from './toasts.svelte';

/** What the app takes from the browser. */
export interface AppWindow extends RouterWindow {
  localStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  navigator: { languages: readonly string[] };
}

export type DialogName = 'newRoom' | 'joinByLink' | 'invite' | 'settings' | 'shortcuts' | 'logOut';

/** Everything the views show, fed by the engine. */
export class App {
  readonly engine: EngineClient;
  readonly prefs: Prefs;
  readonly i18n: I18n;
  readonly router: Router;
  readonly session: Session;
  readonly login: Login;
  readonly registration: Registration;
  readonly rooms = new Rooms();
  readonly timelines: Timelines;
  readonly drafts = new Drafts();
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
  /** The details pane is open. */
  details = $state(false);

  /** Which of the big pictures to show. */
  readonly screen: 'elsewhere' | 'fatal' | 'auth' | 'chat' = $derived.by(() => {
    if (this.engineStatus.type === 'elsewhere') return 'elsewhere';
    if (this.engineStatus.type === 'fatal') return 'fatal';
    if (this.registration.holding) return 'auth';
    if (this.session.phase === 'unknown') return this.prefs.remembered ? 'chat' : 'auth';
    return this.session.phase === 'in' ? 'chat' : 'auth';
  });

  constructor(engine: EngineClient, window: AppWindow) {
    this.engine = engine;
    this.prefs = new Prefs(window.localStorage);
    this.i18n = new I18n(() => this.prefs.language, window.navigator.languages);
    this.router = new Router(window);
    this.session = new Session(engine, this.prefs);
    this.login = new Login(engine);
    this.registration = new Registration(engine);
    this.timelines = new Timelines(engine);
    this.admin = new Admin(engine);
    engine.onNotice((notice) => this.#receive(notice));
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
    else if (route.page === 'room') this.router.go({ page: 'home' });
  }

  #engineIs(status: EngineStatus): void {
    const before = this.engineStatus.type;
    this.engineStatus = status;
    if (status.type === 'elsewhere') this.#forget();
    if (status.type === 'ready' && before !== 'ready' && this.session.server === null) {
      void this.session.askServer();
    }
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
        return this.connection.receive(notice.state);
      case 'room':
        return this.rooms.receive(notice.room);
      case 'roomGone':
        this.rooms.gone(notice.room);
        this.timelines.roomGone(notice.room);
        if (this.router.route.page === 'room' && this.router.route.room === notice.room) {
          this.router.replace({ page: 'home' });
        }
        return;
      case 'items':
        return this.timelines.receive(notice.room, notice.items);
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
        return;
      case 'itemGone':
        return this.timelines.itemGone(notice.room, notice.key);
    }
  }

  #loggedIn(): void {
    const { page } = this.router.route;
    this.login.back();
    this.router.keep('setup', null);
    if (page === 'login' || page === 'register' || page === 'setup') {
      this.router.replace(this.router.invite ? { page: 'join' } : { page: 'home' });
    }
  }

  #loggedOut(): void {
    const was = this.session.phase;
    this.#forget();
    if (was === 'in') this.router.replace({ page: 'home' });
    if (was === 'in') void this.session.askServer();
  }

  #forget(): void {
    this.rooms.clear();
    this.timelines.clear();
    this.admin.forget();
    this.drafts.clear();
    this.session.suspend();
    this.connection.receive({ type: 'idle' });
    this.dialog = null;
    this.details = false;
    this.rolledBack = null;
    this.newRecoveryKey = null;
  }
}

export const [useApp, provideApp] = createContext<App>();
