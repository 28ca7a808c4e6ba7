import type { Message } from '../en';

/** Contacts, requests, guests. */
export const people = {
  'request.title': '{name} would like to talk with you',
  'request.lead': 'They see nothing of you, not even your name, until you accept.',
  'request.accept': 'Accept',
  'request.decline': 'Decline',
  'request.block': 'Block',
  'blocked.title': 'You blocked {name}',
  'blocked.lead': 'They cannot add you to rooms, and you hear nothing of them.',
  'blocked.unblock': 'Unblock',
  'failure.not_accepted': 'Accept the request before you write.',
  'failure.is_blocked': 'You blocked this person. Unblock them first.',
} satisfies Record<string, Message>;
