import type { Translation } from '../catalogue';
import type { people as original } from '../en/people';

/** Kontakte, Anfragen, Gäste. */
export const people: Translation<typeof original> = {
  'request.title': '{name} möchte mit dir reden',
  'request.lead': 'Bis du zustimmst, erfährt diese Person nichts von dir, auch nicht deinen Namen.',
  'request.accept': 'Annehmen',
  'request.decline': 'Ablehnen',
  'request.block': 'Blockieren',
  'blocked.title': 'Du hast {name} blockiert',
  'blocked.lead': 'Diese Person kann dich in keine Räume holen, und du hörst nichts von ihr.',
  'blocked.unblock': 'Nicht mehr blockieren',
  'guest.enter': 'Als Gast beitreten',
  'guest.title': 'Als Gast beitreten',
  'guest.lead': 'Kein Konto, kein Passwort zu merken: nur ein Name und der Weg in einen Raum.',
  'guest.by': 'Wie kommst du hinein?',
  'guest.by.link': 'Mit Link',
  'guest.by.password': 'Mit Passwort',
  'guest.by.code': 'Ich war schon hier',
  'guest.name': 'Dein Name',
  'guest.nameHint': 'Die Mitglieder des Raums sehen ihn.',
  'guest.room': 'Name des Raums',
  'guest.roomHint': 'So, wie er dir gesagt wurde, mit der Zahl dahinter.',
  'guest.password': 'Passwort des Raums',
  'guest.invited': 'Du wurdest mit einem Link eingeladen. Du siehst den Raum, bevor du beitrittst.',
  'guest.code': 'Platzcode',
  'guest.codeHint': 'Der Code unter „Meinen Platz behalten“.',
  'guest.back': 'Meinen Platz wieder einnehmen',
  'guest.submit': 'Beitreten',
  'guest.foot':
    'Gäste, die lange fort bleiben, werden vergessen. Bis dahin bringt dich ein Platzcode zurück.',
  'guest.meanwhile': 'Inzwischen als Gast in einen Raum',
  'guest.meanwhileNote':
    'Dafür wirst du abgemeldet. Melde dich wieder an, um zu sehen, ob du zugelassen bist.',
  'guest.is': 'Gast',
  'guest.bar': 'Du bist als Gast hier.',
  'guest.keep': 'Meinen Platz behalten',
  'guest.keepLead':
    'Mit diesem Code kommst du als derselbe Gast zurück, hier oder in einem anderen Browser. Wer ihn hat, ist du: behalte ihn für dich.',
  'guest.noCode': 'Der Code ist noch nicht da. Versuche es wieder, wenn du verbunden bist.',
  'guest.logOut': 'Auf diesem Gerät wird alles vergessen. Ohne deinen Platzcode bringt dich niemand zurück.',
  'failure.bad_place_code':
    'Das ist kein ganzer Platzcode: er hat 56 Buchstaben und Ziffern. Suche, was fehlt oder vertippt ist.',
  'failure.wrong_place_code':
    'Diesen Code hat kein Gast mehr. Plätze, die niemand nutzt, werden nach einiger Zeit aufgegeben.',
  'failure.empty_name': 'Sag, wie du heißen möchtest.',
  'failure.not_accepted': 'Nimm die Anfrage an, bevor du schreibst.',
  'failure.is_blocked': 'Du hast diese Person blockiert. Hebe das zuerst auf.',
};
