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
  'blocked.is': 'Blockiert',
  'blocked.message': 'Nachricht von jemandem, den du blockiert hast',
  'blocked.show': 'Zeigen',
  'block.title': '{name} blockieren?',
  'block.lead':
    '{name} kann dich in keine Räume holen und sieht nicht, wann du da bist. Euer Chat wird weggelegt, und was {name} in Gruppen schreibt, ist verborgen. {name} erfährt davon nichts.',
  'block.submit': 'Blockieren',
  'block.done': '{name} ist blockiert. In den Einstellungen, unter Kontakte, kannst du das aufheben.',
  'section.contacts': 'Kontakte',
  'contacts.title': 'Leute, die du kennst',
  'contacts.loading': 'Deine Kontakte werden gesucht',
  'contacts.none':
    'Noch niemand. Gib anderen deinen Kontaktlink, oder beginne einen Chat mit jemandem über den Benutzernamen.',
  'contacts.search': 'Kontakte durchsuchen',
  'contacts.write': 'Schreiben',
  'contacts.writeTo': 'An {name} schreiben',
  'contacts.block': '{name} blockieren',
  'contacts.unblock': '{name} nicht mehr blockieren',
  'contacts.look': 'Chat mit {name} ansehen',
  'contacts.new': 'Neuer Chat',
  'contacts.blocked': 'Blockiert',
  'contacts.blockedLead':
    'Diese Leute können dich in keine Räume holen, und du hörst nichts von ihnen. Eure Chats liegen hier.',
  'contact.yours': 'Dein Kontaktlink',
  'contact.yoursLead':
    'Wer ihn öffnet, weiß, dass du es wirklich bist, ohne Nummern zu vergleichen. Gib ihn persönlich weiter oder auf einem Weg, dem du traust.',
  'contact.qr': 'QR-Code deines Kontaktlinks',
  'contact.link': 'Kontaktlink',
  'contact.shareTitle': '{name} auf Waxwing',
  'contact.title': 'Ein Kontaktlink',
  'contact.known': 'Du kennst {name}',
  'contact.loading': 'Der Link wird angesehen',
  'contact.lead':
    'Hat {name} dir diesen Link persönlich gegeben oder auf einem Weg, dem du traust? Dann nimm ihn an: {name} gilt von da an als verifiziert.',
  'contact.take': 'Er ist von dort: verifizieren',
  'contact.verified': 'Verifiziert: Was du an {name} schreibst, erreicht niemand anderen.',
  'contact.later': 'Jetzt nicht',
  'contact.mismatch':
    'Dieser Link gehört zu einer anderen Identität als der, die du von {name} kennst. Er ist alt, oder jemand täuscht dich. Bitte {name} persönlich um einen neuen Link. Nichts wurde geändert.',
  'contact.failed': 'Dieser Link lässt sich nicht öffnen',
  'contact.missing':
    'Der Kontaktlink ist nicht vollständig. Lass ihn dir noch einmal geben und kopiere alles.',
  'contact.logIn':
    'Du hast einen Kontaktlink geöffnet. Melde dich an oder lege ein Konto an, um zu sehen, wer es ist.',
  'failure.bad_contact_link':
    'Der Kontaktlink ist nicht vollständig. Lass ihn dir noch einmal geben und kopiere alles.',
  'failure.own_contact_link': 'Das ist dein eigener Kontaktlink. Gib ihn anderen.',
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
  'failure.is_guest':
    'Gäste kommen nur mit einem Link oder einem Passwort in Räume. Schick ihnen einen Link.',
  'failure.guests_closed':
    'Dieses Relay nimmt gerade keine Gäste auf. Melde dich an oder erstelle ein Konto.',
  'guest.off': 'Gäste nimmt dieses Relay nicht auf.',
  'guest.offClosed':
    'Dieses Relay nimmt weder Gäste noch neue Konten auf. Ohne Konto hilft dir, wer es betreibt.',
};
