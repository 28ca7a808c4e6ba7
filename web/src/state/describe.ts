import type { Body, Item, Room } from '../engine/api';
import type { I18n } from './i18n.svelte';
import { plainOf } from './markdown';
import { isMessage, isUnheard, personIn } from './rooms.svelte';
import { cleanName } from './text';

/** The name of a person in a room, for a sentence. */
export function nameIn(i18n: I18n, room: Room | undefined, account: string): string {
  const name = cleanName(personIn(room, account)?.name ?? '');
  return name === '' ? i18n.t('someone') : name;
}

/** The sentence for an item that is no message. */
export function describe(i18n: I18n, room: Room | undefined, item: Item): string {
  const { t } = i18n;
  const { body, own } = item;
  const name = nameIn(i18n, room, item.sender);
  switch (body.type) {
    case 'text':
      return body.text;
    case 'poll':
      return t('item.poll', { question: cleanName(body.question) });
    case 'created':
      return own ? t('item.createdOwn') : t('item.created', { name });
    case 'joined':
      if (body.account === item.sender) return own ? t('item.joinedOwn') : t('item.joined', { name });
      return about(i18n, room, item, body.account, ['item.added', 'item.addedOwn', 'item.addedMe']);
    case 'left':
      if (body.account === item.sender) return own ? t('item.leftOwn') : t('item.left', { name });
      return about(i18n, room, item, body.account, ['item.removed', 'item.removedOwn', 'item.removedMe']);
    case 'settings':
      return settingsChanged(i18n, name, own, body);
    case 'named':
      return t('item.named', { before: cleanName(body.before), name: cleanName(body.name) });
    case 'role':
      return roleChanged(i18n, room, item, body);
    case 'expired':
      return t('item.expired');
    case 'moved':
      return own ? t('item.movedOwn') : t('item.moved', { name });
    case 'deleted':
      if (body.by !== item.sender)
        return about(
          i18n,
          room,
          { ...item, sender: body.by, own: personIn(room, body.by)?.own ?? false },
          item.sender,
          ['item.deletedOf', 'item.deletedOfOwn', 'item.deletedMine'],
        );
      return own ? t('item.deletedOwn') : t('item.deleted', { name });
    case 'removed':
      return own ? t('item.takenOwn') : t('item.taken', { name });
    case 'warning': {
      const key = `warning.${body.code}`;
      return i18n.has(key) ? t(key) : t('warning.other', { code: body.code });
    }
  }
}

type Settings = Extract<Body, { type: 'settings' }>;

/** The most telling of what was changed at once. */
function settingsChanged(i18n: I18n, name: string, own: boolean, body: Settings): string {
  const { t } = i18n;
  if (body.name != null) {
    return t(own ? 'item.renamedOwn' : 'item.renamed', { name, room: cleanName(body.name) });
  }
  if (body.topic != null) {
    const topic = cleanName(body.topic);
    if (topic === '') return t(own ? 'item.noTopicOwn' : 'item.noTopic', { name });
    return t(own ? 'item.topicOwn' : 'item.topic', { name, topic });
  }
  if (body.retention != null) {
    if (body.retention === 0) return t(own ? 'item.keepOwn' : 'item.keep', { name });
    return t(own ? 'item.disappearOwn' : 'item.disappear', { name, time: i18n.span(body.retention) });
  }
  if (body.history != null) {
    const all = body.history === 'all';
    return t(
      all ? (own ? 'item.openPastOwn' : 'item.openPast') : own ? 'item.closePastOwn' : 'item.closePast',
      {
        name,
      },
    );
  }
  if (body.avatar) return t(own ? 'item.pictureOwn' : 'item.picture', { name });
  if (body.invite) return t(own ? 'item.doorsOwn' : 'item.doors', { name });
  return t(own ? 'item.settingsOwn' : 'item.settings', { name });
}

const ROLE_KEYS = {
  owner: ['item.owner', 'item.ownerOwn', 'item.ownerMe', 'item.ownerSelf'],
  moderator: ['item.moderator', 'item.moderatorOwn', 'item.moderatorMe', 'item.moderatorSelf'],
  member: ['item.member', 'item.memberOwn', 'item.memberMe', 'item.memberSelf'],
  former: ['item.member', 'item.memberOwn', 'item.memberMe', 'item.memberSelf'],
} as const;

/** Somebody was given another role, by somebody else or by themself. */
function roleChanged(
  i18n: I18n,
  room: Room | undefined,
  item: Item,
  { account, role }: Extract<Body, { type: 'role' }>,
): string {
  const [by, byMe, me, self] = ROLE_KEYS[role];
  const params = { name: nameIn(i18n, room, item.sender), other: nameIn(i18n, room, account) };
  const toMe = personIn(room, account)?.own ?? false;
  if (item.own) return i18n.t(toMe ? self : byMe, params);
  return i18n.t(toMe ? me : by, params);
}

type AboutKeys = readonly [
  by: 'item.added' | 'item.removed' | 'item.deletedOf',
  byMe: 'item.addedOwn' | 'item.removedOwn' | 'item.deletedOfOwn',
  me: 'item.addedMe' | 'item.removedMe' | 'item.deletedMine',
];

/** Somebody did something to somebody else. */
function about(i18n: I18n, room: Room | undefined, item: Item, account: string, keys: AboutKeys): string {
  const [by, byMe, me] = keys;
  const name = nameIn(i18n, room, item.sender);
  const other = nameIn(i18n, room, account);
  if (item.own) return i18n.t(byMe, { other });
  return personIn(room, account)?.own ? i18n.t(me, { name }) : i18n.t(by, { name, other });
}

/** The line of a room in the conversation list. */
export function previewOf(i18n: I18n, room: Room): string {
  const item = room.last;
  if (!item) return i18n.t('room.members', { n: room.members });
  if (!isMessage(item.body)) return describe(i18n, room, item);
  if (isUnheard(room, item.sender)) return i18n.t('blocked.message');
  const text = item.body.type === 'text' ? plainOf(item.body.text.slice(0, 300)) : describe(i18n, room, item);
  // Alone with the text it is clear who speaks.
  return i18n.t('preview.by', { name: item.own ? i18n.t('you') : nameIn(i18n, room, item.sender), text });
}
