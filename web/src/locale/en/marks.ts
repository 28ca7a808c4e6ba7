import type { Message } from '../en';

/** Receipts, presence, how rooms are liked, and what others learn of the account. */
export const marks = {
  'state.delivered': 'Delivered',
  'state.read': 'Read',

  'presence.online': 'Online',
  'presence.lastSeen': 'Last seen {when}',
  'presence.here': '{members}, {here} here now',
  'typing.one': '{name} is typing …',
  'typing.two': '{name} and {other} are typing …',
  'typing.many': 'Several people are typing …',
  'typing.list': 'typing …',

  'list.marked': 'Marked as unread',
  'list.mentions': { one: '{n} mention of you', other: '{n} mentions of you' },
  'list.muted': 'Muted',
  'list.pinned': 'Pinned',
  'list.archived': 'Archived',
  'list.archivedCount': { one: '{n} conversation', other: '{n} conversations' },
  'list.leaveArchive': 'Back to all conversations',
  'list.archiveTitle': 'Archived conversations',

  'like.menu': 'Options for {room}',
  'like.pin': 'Pin to the top',
  'like.unpin': 'Unpin',
  'like.markUnread': 'Mark as unread',
  'like.markRead': 'Mark as read',
  'like.mute8': 'Mute for 8 hours',
  'like.muteAlways': 'Mute for good',
  'like.unmute': 'Unmute',
  'like.archive': 'Archive',
  'like.unarchive': 'Bring back from the archive',
  'like.notify': 'Notify me about',
  'like.notify.all': 'All messages',
  'like.notify.mentions': 'Mentions only',
  'like.notify.nothing': 'Nothing',

  'section.privacy': 'Privacy',
  'privacy.title': 'What others see of you',
  'privacy.lead':
    'What you switch off for others you do not see of them either. It counts on all your devices.',
  'privacy.readReceipts': 'Delivered and read',
  'privacy.readReceiptsLead':
    'Members of a room see which of their messages have reached you and which you have seen.',
  'privacy.typing': 'Typing',
  'privacy.typingLead': 'Members of a room see that you are writing.',
  'privacy.presence': 'Online and last seen',
  'privacy.presenceLead':
    'People you share a room with see when you are here, and when you were last here, to the minute.',
  'privacy.relay':
    'The relay cannot read what you have seen. It does know when you are connected, whatever you choose here.',
} satisfies Record<string, Message>;
