import { describe, expect, it } from 'vitest';
import type { Body, Connection, History, Intent, Notice, Reply, Role, Sending } from './api';
import * as shapes from './shapes';

/** `true` for equal types; anything else does not compile where it is assigned. */
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : [A, B]) : [A, B];
type Tag<T extends { type: string }> = T['type'];
/** The fields that may be null, as `type.field`. */
type Nullable<T> = T extends { type: infer Name extends string }
  ? { [F in keyof T & string]: null extends T[F] ? `${Name}.${F}` : never }[keyof T & string]
  : never;

// What the client writes satisfies the types already; here is that the types promise nothing that it never writes.
const equal: {
  intents: Equal<Tag<Intent>, Tag<(typeof shapes.intents)[number]>>;
  nullableInIntents: Equal<Nullable<Intent>, Nullable<(typeof shapes.intents)[number]>>;
  replies: Equal<Tag<Reply>, Tag<(typeof shapes.replies)[number]>>;
  nullableInReplies: Equal<Nullable<Reply>, Nullable<(typeof shapes.replies)[number]>>;
  policies: Equal<
    Extract<Reply, { type: 'serverInfo' }>['registration'],
    (typeof shapes.registrationPolicies)[number]
  >;
  notices: Equal<Tag<Notice>, Tag<(typeof shapes.notices)[number]>>;
  connections: Equal<Tag<Connection>, Tag<(typeof shapes.connections)[number]>>;
  histories: Equal<History, (typeof shapes.histories)[number]>;
  roles: Equal<Role, (typeof shapes.roles)[number]>;
  bodies: Equal<Tag<Body>, Tag<(typeof shapes.bodies)[number]>>;
  nullableInBodies: Equal<Nullable<Body>, Nullable<(typeof shapes.bodies)[number]>>;
  sendings: Equal<Tag<Sending>, Tag<(typeof shapes.sendings)[number]>>;
} = {
  intents: true,
  nullableInIntents: true,
  replies: true,
  nullableInReplies: true,
  policies: true,
  notices: true,
  connections: true,
  histories: true,
  roles: true,
  bodies: true,
  nullableInBodies: true,
  sendings: true,
};

describe('the types of the API', () => {
  it('are those of the client', () => {
    expect(new Set(Object.values(equal))).toEqual(new Set([true]));
  });

  it('survive the way to the engine', () => {
    // Messages to a worker are structured clones, and nothing in them is lost on the way.
    for (const list of Object.values(shapes)) {
      expect(list.length).toBeGreaterThan(0);
      expect(structuredClone(list)).toEqual(list);
    }
  });
});
