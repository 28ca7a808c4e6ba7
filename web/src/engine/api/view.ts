/** Rooms, people and items as screens show them: `client/src/api/view.rs`. */
import type { Maybe } from './maybe';
import type { PollOption, Preview, Quote, Reaction } from './message';

/** A way into a room. */
export interface Door {
  by: string;
  own: boolean;
  /** It opens until then, or for ever. */
  until: Maybe<number>;
}

/** A room as a list and a header show it. */
export interface Room {
  room: string;
  name: string;
  topic: string;
  peer: Maybe<string>;
  /** The other one asks for this room of two; nothing is told there before it is accepted. */
  request: boolean;
  avatar: Maybe<RoomAvatar>;
  history: History;
  /** Messages disappear after so many seconds; 0 keeps them. */
  retention: number;
  invite: Maybe<Door>;
  password: boolean;
  predecessor: Maybe<string>;
  successor: Maybe<string>;
  people: Person[];
  members: number;
  last: Maybe<Item>;
  unread: number;
  mentions: number;
  read: number;
  markedUnread: boolean;
  draft: string;
  muted: number;
  notify: Notify;
  pinned: boolean;
  archived: boolean;
  syncing: boolean;
  trouble: Maybe<string>;
  confirmed: Maybe<Confirmed>;
  vouched: Maybe<Vouched>;
}

/** How a room is pictured: without an emoji by its initials. */
export interface RoomAvatar {
  emoji: string;
  /** Number of a colour, 0 to 9. */
  colour: number;
}

/** What in a room is worth a notification. */
export type Notify = 'all' | 'mentions' | 'nothing';

/** What newcomers may read. */
export type History = 'all' | 'fromJoin';

/** The newest word of another member that they see the same history. */
export interface Confirmed {
  account: string;
  at: number;
}

/** History from before the account came in: what this member said it was. */
export interface Vouched {
  account: string;
  before: number;
}

/** A present or former member. */
export interface Person {
  account: string;
  name: string;
  role: Role;
  own: boolean;
  identity: Identity;
  /** This account does not want to hear of them. */
  blocked: boolean;
}

/** Whether a person is who they were. */
export type Identity =
  { type: 'known' } | { type: 'verified' } | { type: 'changed'; signed: boolean; fingerprint: string };

export type Role = 'owner' | 'moderator' | 'member' | 'former';

/** One line of a timeline. */
export interface Item {
  key: string;
  seq: Maybe<number>;
  at: number;
  sender: string;
  own: boolean;
  body: Body;
  /** The message that it answers. */
  reply: Maybe<Quote>;
  /** Accounts. */
  mentions: string[];
  forwarded: boolean;
  preview: Maybe<Preview>;
  /** Time of the last edit. */
  edited: Maybe<number>;
  reactions: Reaction[];
  pinned: boolean;
}

/** Content of an item. */
export type Body =
  | { type: 'text'; text: string; state: Sending }
  | { type: 'created' }
  | { type: 'joined'; account: string }
  | { type: 'left'; account: string }
  | {
      type: 'settings';
      name: Maybe<string>;
      topic: Maybe<string>;
      avatar: boolean;
      invite: boolean;
      history: Maybe<History>;
      retention: Maybe<number>;
    }
  | { type: 'named'; before: string; name: string }
  | { type: 'role'; account: string; role: Role }
  | { type: 'expired' }
  | { type: 'moved'; room: string }
  | {
      type: 'poll';
      question: string;
      options: PollOption[];
      multiple: boolean;
      closed: boolean;
      state: Sending;
    }
  | { type: 'deleted'; by: string }
  | { type: 'removed'; said: boolean }
  | { type: 'warning'; code: string };

/** Way of an own message. */
export type Sending = { type: 'waiting' } | { type: 'sent' } | { type: 'failed'; message: string };
