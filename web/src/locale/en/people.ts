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
  'guest.enter': 'Join as a guest',
  'guest.title': 'Join as a guest',
  'guest.lead': 'No account, no password to remember: only a name and the way into a room.',
  'guest.by': 'How do you get in?',
  'guest.by.link': 'By link',
  'guest.by.password': 'With a password',
  'guest.by.code': 'I was here before',
  'guest.name': 'Your name',
  'guest.nameHint': 'Members of the room see it.',
  'guest.room': 'Name of the room',
  'guest.roomHint': 'As it was told to you, with the number behind it.',
  'guest.password': 'Password of the room',
  'guest.invited': 'You were invited by a link. You see which room it is before you join.',
  'guest.code': 'Place code',
  'guest.codeHint': 'The code under “Keep my place”.',
  'guest.back': 'Take my place again',
  'guest.submit': 'Join',
  'guest.foot': 'Guests are forgotten when they stay away for long. A place code brings you back until then.',
  'guest.meanwhile': 'Join a room as a guest meanwhile',
  'guest.meanwhileNote': 'You are logged out for that. Log in again to see whether you were let in.',
  'guest.is': 'Guest',
  'guest.bar': 'You are here as a guest.',
  'guest.keep': 'Keep my place',
  'guest.keepLead':
    'With this code you come back as the same guest, here or in another browser. Whoever has it is you, so keep it to yourself.',
  'guest.noCode': 'The code is not here yet. Try again when you are connected.',
  'guest.logOut':
    'Everything on this device is forgotten. Without your place code nobody can bring you back.',
  'failure.bad_place_code':
    'This is not a whole place code: it has 56 letters and digits. Look for what is missing or mistyped.',
  'failure.wrong_place_code':
    'No guest has this code any more. Places that nobody uses are given up after a while.',
  'failure.empty_name': 'Say what you want to be called.',
  'failure.not_accepted': 'Accept the request before you write.',
  'failure.is_blocked': 'You blocked this person. Unblock them first.',
} satisfies Record<string, Message>;
