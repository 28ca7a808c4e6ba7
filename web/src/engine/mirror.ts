import type { Notice } from './api';

const ofRoom = (room: string) => `room ${room}`;
const receiptsOf = (room: string) => `receipt ${room} `;

/** What the engine has told so far and still holds, for a page that comes later. */
export class Mirror {
  /** By what it is about: the newest word stands for all before it. */
  readonly #held = new Map<string, Notice>();
  #account: string | null = null;

  receive(notice: Notice): void {
    switch (notice.type) {
      case 'session': {
        const account = notice.me?.account ?? null;
        if (account !== this.#account) this.#held.clear();
        this.#account = account;
        this.#held.set('session', notice);
        return;
      }
      case 'connection':
      case 'announcements':
      case 'accountRolledBack':
      case 'progress':
        this.#held.set(notice.type, notice);
        return;
      case 'preferences':
        this.#held.set('preferences', notice);
        if (!notice.readReceipts) this.#drop('receipt ');
        return;
      case 'room':
        this.#held.set(ofRoom(notice.room.room), notice);
        return;
      case 'roomGone':
        this.#held.delete(ofRoom(notice.room));
        this.#drop(receiptsOf(notice.room));
        return;
      case 'receipts':
        for (const receipt of notice.receipts) {
          this.#held.set(receiptsOf(notice.room) + receipt.account, { ...notice, receipts: [receipt] });
        }
        return;
      case 'presence':
        for (const person of notice.people) {
          this.#held.set(`presence ${person.account}`, { ...notice, people: [person] });
        }
        return;
      // The rest is about its moment only.
    }
  }

  /** Empty until the engine has said whose session it is. */
  notices(): Notice[] {
    const session = this.#held.get('session');
    if (!session) return [];
    return [session, ...[...this.#held.values()].filter((notice) => notice !== session)];
  }

  #drop(begin: string): void {
    for (const name of this.#held.keys()) if (name.startsWith(begin)) this.#held.delete(name);
  }
}
