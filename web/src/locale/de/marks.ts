import type { Translation } from '../catalogue';
import type { marks as en } from '../en/marks';

export const marks: Translation<typeof en> = {
  'state.delivered': 'Zugestellt',
  'state.read': 'Gelesen',

  'presence.online': 'Online',
  'presence.lastSeen': 'Zuletzt da: {when}',
  'presence.here': '{members}, {here} gerade hier',
  'typing.one': '{name} schreibt …',
  'typing.two': '{name} und {other} schreiben …',
  'typing.many': 'Mehrere schreiben …',
  'typing.list': 'schreibt …',

  'list.marked': 'Als ungelesen markiert',
  'list.mentions': { one: '{n} Erwähnung von dir', other: '{n} Erwähnungen von dir' },
  'list.muted': 'Stumm',
  'list.pinned': 'Angeheftet',
  'list.archived': 'Archiv',
  'list.archivedCount': { one: '{n} Unterhaltung', other: '{n} Unterhaltungen' },
  'list.leaveArchive': 'Zurück zu allen Unterhaltungen',
  'list.archiveTitle': 'Archivierte Unterhaltungen',

  'like.menu': 'Optionen für {room}',
  'like.pin': 'Oben anheften',
  'like.unpin': 'Nicht mehr anheften',
  'like.markUnread': 'Als ungelesen markieren',
  'like.markRead': 'Als gelesen markieren',
  'like.mute8': '8 Stunden stumm',
  'like.muteAlways': 'Dauerhaft stumm',
  'like.unmute': 'Nicht mehr stumm',
  'like.archive': 'Archivieren',
  'like.unarchive': 'Aus dem Archiv holen',
  'like.notify': 'Benachrichtigen bei',
  'like.notify.all': 'Allen Nachrichten',
  'like.notify.mentions': 'Nur Erwähnungen',
  'like.notify.nothing': 'Nichts',

  'section.privacy': 'Privatsphäre',
  'privacy.title': 'Was andere von dir sehen',
  'privacy.lead':
    'Was du für andere ausschaltest, siehst du auch von ihnen nicht. Das gilt auf allen deinen Geräten.',
  'privacy.readReceipts': 'Zugestellt und gelesen',
  'privacy.readReceiptsLead':
    'Mitglieder eines Raums sehen, welche ihrer Nachrichten bei dir angekommen sind und welche du gesehen hast.',
  'privacy.typing': 'Schreibt gerade',
  'privacy.typingLead': 'Mitglieder eines Raums sehen, dass du schreibst.',
  'privacy.presence': 'Online und zuletzt da',
  'privacy.presenceLead':
    'Wer mit dir in einem Raum ist, sieht, wann du da bist und wann du zuletzt da warst, auf die Minute genau.',
  'privacy.relay':
    'Das Relay kann nicht lesen, was du gesehen hast. Wann du verbunden bist, weiß es, was auch immer du hier wählst.',
};
