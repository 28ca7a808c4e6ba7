import type { Translation } from '../catalogue';
import type { account as original } from '../en/account';

export const account: Translation<typeof original> = {
  'landing.admitted': 'Du wurdest zu diesem Relay eingeladen. Erstelle dein Konto, um anzufangen.',
  'landing.relay': '{name} · Relay {version}',
  'ended.ended':
    'Ein anderes deiner Geräte hat diese Sitzung beendet, oder dein Passwort wurde geändert. Melde dich wieder an, um weiterzumachen.',
  'ended.expired':
    'Du warst eine Weile nicht hier, deshalb ist die Sitzung abgelaufen. Melde dich wieder an, um weiterzumachen.',
  'ended.kicked': 'Deine Sitzungen wurden von der Verwaltung beendet. Du kannst dich wieder anmelden.',
  'ended.banned': 'Dieses Konto wurde von der Verwaltung gesperrt. Frage, wer das Relay betreibt.',
  'ended.refused': 'Dieses Konto wurde von der Verwaltung abgelehnt. Es wurde entfernt.',
  'ended.deleted': 'Das Konto ist gelöscht, und dieses Gerät hat alles davon vergessen.',
  'ended.not_logged_in': 'Die Sitzung ist beendet. Melde dich wieder an, um weiterzumachen.',

  'login.forgot': 'Passwort vergessen?',
  'login.useSpare': 'Stattdessen einen Ersatzcode verwenden',
  'login.useApp': 'Die Authenticator-App verwenden',
  'login.spareTitle': 'Ersatzcode verwenden',
  'login.spareLead': 'Gib einen der zehn Codes ein, die du aufbewahrt hast. Jeder gilt einmal.',
  'login.spare': 'Ersatzcode',
  'login.neither': 'Weder App noch Codes zur Hand? Nimm deinen Wiederherstellungsschlüssel',
  'login.enrolTitle': 'Neuen Authenticator einrichten',
  'login.enrolLead':
    'Dein Authenticator wurde von der Verwaltung zurückgesetzt. Scanne diesen Code mit einer Authenticator-App, um weiterzumachen. Wenn du nicht darum gebeten hast, sage es dem, der das Relay betreibt.',

  'recover.title': 'Zurück ins Konto',
  'recover.lead':
    'Mit deinem Wiederherstellungsschlüssel setzt du ein neues Passwort und, wenn deiner verloren ist, einen anderen Authenticator. Deine Nachrichten bleiben, und der Schlüssel bleibt derselbe.',
  'recover.newPassword': 'Neues Passwort',
  'recover.passwordHint': 'Mindestens {n} Zeichen. Alle anderen Sitzungen enden.',
  'recover.submit': 'Weiter',
  'recover.totpTitle': 'Dein Authenticator',
  'recover.totpLead':
    'Der Schlüssel stimmt. Hast du die Authenticator-App noch, die deine Codes macht? Sie wird weiter bei jeder Anmeldung gebraucht.',
  'recover.keep': 'Ich habe sie: anmelden',
  'recover.another': 'Sie ist verloren: andere einrichten',
  'recover.enrolLead':
    'Scanne diesen Code mit einer Authenticator-App. Sie tritt an die Stelle der bisherigen, und du bekommst neue Ersatzcodes.',
  'recover.working': 'Dein Konto wird geöffnet',
  'recover.lost':
    'Ohne Passwort und Wiederherstellungsschlüssel kann niemand das Konto öffnen, auch nicht, wer das Relay betreibt.',
  'recovery.typed': '{n} von {of} Zeichen',

  'register.invite': 'Einladungscode',
  'register.inviteHint':
    'Dieses Relay nimmt neue Konten nur mit Einladung auf. Füge den Code oder den Link ein, den du bekommen hast.',
  'register.invited': 'Deine Einladung öffnet dir dieses Relay.',
  'register.approval': 'Jedes neue Konto wird von der Verwaltung angesehen, bevor es benutzt werden kann.',
  'totp.skip': 'Ohne Authenticator weiter',
  'totp.skipLead': 'Du kannst ihn jederzeit in den Einstellungen hinzufügen.',

  'codes.title': 'Bewahre deine Ersatzcodes auf',
  'codes.lead':
    'Wenn du deine Authenticator-App nicht zur Hand hast, tritt einer dieser Codes an ihre Stelle. Jeder gilt einmal.',
  'codes.where':
    'Bewahre sie dort auf, wo dein Telefon nicht ist. Sie werden nur jetzt gezeigt, und neue ersetzen sie.',
  'codes.label': 'Ersatzcodes',
  'codes.next': 'Ich habe sie aufbewahrt',
  'codes.renew': 'Neue Codes erstellen',
  'codes.fileName': 'waxwing-ersatzcodes.txt',
  'codes.file':
    'Waxwing-Ersatzcodes\nKonto: {username}\nRelay: {origin}\n\n{codes}\n\nJeder Code ersetzt die Authenticator-App einmal. Das Passwort wird trotzdem gebraucht.\n',
  'newKey.title': 'Bewahre deinen neuen Wiederherstellungs\u00ADschlüssel auf',
  'newKey.lead':
    'Dein neues Passwort gilt, und mit ihm dieser neue Wiederherstellungsschlüssel. Der alte öffnet nichts mehr. Er wird nur jetzt gezeigt.',
  'newKey.leadKey':
    'Ab jetzt gilt nur dieser Schlüssel. Der alte öffnet nichts mehr. Er wird nur jetzt gezeigt.',

  'waiting.title': 'Fast geschafft',
  'waiting.lead': 'Bei {relay} wird jedes neue Konto angesehen, bevor es benutzt werden kann.',
  'waiting.made': 'Dein Konto {username} ist angelegt, und seine Schlüssel sind auf diesem Gerät.',
  'waiting.now': 'Die Verwaltung muss es noch freigeben.',
  'waiting.then': 'Dann öffnet sich Waxwing von selbst, hier und überall, wo du dich anmeldest.',
  'waiting.close': 'Du musst nichts tun. Du kannst diese Seite schließen und später wiederkommen.',
  'waiting.offline': 'Du bist offline.',
  'waiting.as': 'Du wartest als {name}',

  'displaced.title': 'Waxwing ist woanders geöffnet',
  'displaced.lead': 'Dieses Konto wird jetzt in einem anderen Browser oder auf einem anderen Gerät benutzt.',
  'displaced.submit': 'Hier weitermachen',
  'displaced.submitIn': {
    one: 'Hier weitermachen in {n} Sekunde',
    other: 'Hier weitermachen in {n} Sekunden',
  },
  'displaced.logOut': 'Hier abmelden',
  'displaced.foot': 'Es kann immer nur an einem Ort geöffnet sein. Beim Wechseln geht nichts verloren.',

  'announcement.label': 'Vom Betreiber',
  'announcement.from': 'Vom Betreiber von {relay}',
  'announcement.open': 'nicht verschlüsselt',
  'announcement.warning': 'Warnung',
  'announcement.more': 'Alles zeigen',
  'announcement.others': { one: '{n} weitere Ankündigung', other: '{n} weitere Ankündigungen' },
  'announcement.dismiss': 'Ankündigung ausblenden',
  'announcement.none': 'Keine Ankündigungen',
  'announcement.lead':
    'Was der Betreiber allen mitteilt, steht über deinen Unterhaltungen. Hier findest du es, solange es gilt.',

  'account.oldKeysTitle': 'Das Relay hat alte Schlüssel deines Kontos zurückgebracht',
  'account.oldKeys':
    'Sie sind älter als die, die dieses Gerät kennt, deshalb wurde nichts überschrieben. Ändere jetzt dein Passwort nicht. Frage, wer das Relay betreibt; nach einer zurückgespielten Sicherung kann das ein Versehen sein.',
  'account.oldDataTitle': 'Das Relay hat einen alten Stand deines Kontos zurückgebracht',
  'account.oldData':
    'Er ist älter als das, was dieses Gerät kennt, deshalb wurde nichts überschrieben. Frage, wer das Relay betreibt; nach einer zurückgespielten Sicherung kann das ein Versehen sein.',

  'news.approved': 'Dein Konto ist freigegeben. Willkommen!',
  'news.promoted': 'Du gehörst jetzt zur Verwaltung.',
  'news.demoted': 'Du gehörst nicht mehr zur Verwaltung.',
  'news.totpReset': 'Dein Authenticator wurde von der Verwaltung zurückgesetzt',
  'news.totpResetLead':
    'Am {when}. Wenn du nicht darum gebeten hast, ändere dein Passwort und frage, wer das Relay betreibt.',
  'news.recoveryCodeUsed': 'Eine Anmeldung mit einem Ersatzcode',
  'news.recoveryCodeUsedLead': 'Am {when}. Wenn du das nicht warst, ändere dein Passwort.',
  'news.recovered': 'Dein Konto wurde mit dem Wiederherstellungsschlüssel geöffnet',
  'news.recoveredLead':
    'Am {when}, und sein Authenticator wurde entfernt. Wenn du das nicht warst, ersetze deine Schlüssel: Jemand hat deinen Wiederherstellungsschlüssel.',
  'news.codeGuessed': 'Vielleicht kennt jemand dein Passwort',
  'news.codeGuessedLead':
    'Am {when} wurde es richtig eingegeben, danach mehrmals ein falscher Code. Wenn du das nicht warst, ändere dein Passwort: nur noch der Code hält den anderen ab.',
  'news.changePassword': 'Passwort ändern',
  'news.codesLeft': { one: '{n} Code ist übrig.', other: '{n} Codes sind übrig.' },
  'news.devices': 'Geräte ansehen',

  'section.profile': 'Profil',
  'section.security': 'Passwort und Wiederherstellung',
  'section.devices': 'Geräte',
  'section.keys': 'Schlüssel',
  'section.appearance': 'Aussehen und Sprache',
  'section.operator': 'Vom Betreiber',
  'settings.admin': 'Verwaltung',
  'settings.backToMenu': 'Zurück zu den Einstellungen',
  'profile.title': 'Wie andere dich sehen',
  'profile.username': 'Mit dem Benutzernamen meldest du dich an. Er bleibt, wie er ist.',
  'profile.nameHint': 'Verschlüsselt: Nur die Leute in deinen Räumen können ihn lesen.',
  'profile.save': 'Speichern',
  'profile.saved': 'Dein Name ist geändert',
  'delete.title': 'Konto löschen',
  'delete.about': 'Nimmt dich aus allen Räumen und entfernt alles, was dir gehört, von diesem Relay.',
  'delete.open': 'Konto löschen …',
  'delete.sure': 'Ich weiß, dass niemand das rückgängig machen kann.',
  'security.password': 'Passwort',
  'security.passwordLead':
    'Es öffnet dein Konto und seine Schlüssel. Es verlässt deine Geräte nie, deshalb kann es niemand für dich zurücksetzen.',
  'security.authenticator': 'Authenticator-App',
  'security.authenticatorLead': 'Ihre sechs Ziffern werden bei jeder Anmeldung verlangt.',
  'security.noAuthenticatorLead':
    'Mit einer Authenticator-App kommt mit einem gestohlenen Passwort allein niemand hinein.',
  'security.authenticatorNext':
    'Dieses Relay verlangt von jedem Konto einen. Du richtest ihn bei der nächsten Anmeldung ein, mit einem neuen QR-Code.',
  'security.on': 'An',
  'security.off': 'Aus',
  'security.replace': 'App oder Telefon wechseln',
  'security.add': 'Authenticator hinzufügen',
  'security.remove': 'Entfernen',
  'security.codes': 'Ersatzcodes',
  'security.codesLeft': { one: 'noch {n}', other: 'noch {n}' },
  'security.codesLead': 'Jeder tritt einmal an die Stelle der Authenticator-App, für einen Tag ohne Telefon.',
  'security.keyLead':
    'Er bringt dich ohne Passwort und Authenticator zurück, mit allen Nachrichten. Wenn du ihn nicht mehr findest, erstelle noch heute einen neuen.',
  'security.newKey': 'Neuen Schlüssel erstellen',
  'devices.title': 'Wo du angemeldet bist',
  'devices.lead': 'Melde ab, was du nicht kennst oder nicht mehr benutzt.',
  'devices.leadSingle':
    'Waxwing kann immer nur an einem dieser Orte geöffnet sein. Melde ab, was du nicht kennst oder nicht mehr benutzt.',
  'devices.loading': 'Das Relay wird gefragt',
  'devices.unnamed': 'Unbenanntes Gerät',
  'devices.this': 'Dieses Gerät',
  'devices.now': 'Jetzt verbunden',
  'devices.used': 'Zuletzt benutzt {when}',
  'devices.since': 'seit {when}',
  'devices.end': 'Abmelden',
  'devices.endOne': '{device} abmelden',
  'devices.ended': 'Das Gerät ist abgemeldet',
  'devices.endOthers': 'Alle anderen abmelden',
  'devices.othersEnded': 'Alle anderen Geräte sind abgemeldet',
  'devices.hint':
    'Ein abgemeldetes Gerät bekommt gesagt, dass es alles vergessen soll. Wenn es in fremden Händen sein könnte, ersetze auch deine Schlüssel.',
  'keys.title': 'Nur deine Geräte haben deine Schlüssel',
  'keys.lead':
    'Sie entstehen auf deinem Gerät. Das Relay bewahrt sie auf, verschlossen mit deinem Passwort und deinem Wiederherstellungsschlüssel, damit du auf einem anderen Gerät alles wiederfindest. Öffnen kann es keines der Schlösser.',
  'keys.replace': 'Alle Schlüssel ersetzen',
  'keys.when':
    'Tu das, wenn jemand dein entsperrtes Gerät, dein Passwort oder deinen Wiederherstellungsschlüssel gehabt haben könnte.',
  'keys.whatRooms':
    'Jeder Raum bekommt von dir einen neuen Schlüssel: Was ab dann geschrieben wird, ist den alten verschlossen.',
  'keys.whatPassword':
    'Du wählst ein neues Passwort und bekommst einen neuen Wiederherstellungsschlüssel. Die alten gelten nicht mehr.',
  'keys.whatDevices': 'Alle anderen Geräte werden abgemeldet.',
  'keys.whatPeople':
    'Wer dich überprüft hat, erfährt, dass sich deine Identität geändert hat, mit der alten unterschrieben.',
  'keys.open': 'Alle Schlüssel ersetzen …',
  'appearance.title': 'Auf diesem Gerät',

  'task.oldPassword': 'Jetziges Passwort',
  'task.wrongPassword': 'Das ist nicht dein Passwort.',
  'task.code': 'Code',
  'task.codeHint': 'Sechs Ziffern aus deiner Authenticator-App oder ein Ersatzcode.',
  'task.scan':
    'Scanne das mit deiner Authenticator-App und gib den ersten Code ein, den sie zeigt. Bis dahin gilt der alte.',
  'task.password': 'Passwort ändern',
  'task.passwordLead':
    'Du bekommst auch einen neuen Wiederherstellungsschlüssel, und alle anderen Geräte werden abgemeldet.',
  'task.passwordSubmit': 'Passwort ändern',
  'task.passwordWorking': 'Schlüssel werden neu verschlossen',
  'task.passwordDone': 'Dein Passwort ist geändert',
  'task.authenticator': 'Neuer Authenticator',
  'task.authenticatorLead': 'Zeige zuerst, dass du es bist.',
  'task.authenticatorSubmit': 'Weiter',
  'task.authenticatorWorking': 'Wird geprüft',
  'task.authenticatorDone': 'Der neue Authenticator gilt',
  'task.removeAuthenticator': 'Authenticator entfernen',
  'task.removeAuthenticatorLead':
    'Ab dann öffnet dein Passwort allein das Konto. Die Ersatzcodes gelten dann auch nicht mehr.',
  'task.removeAuthenticatorSubmit': 'Entfernen',
  'task.removeAuthenticatorWorking': 'Wird entfernt',
  'task.removeAuthenticatorDone': 'Dein Konto hat jetzt keinen Authenticator',
  'task.codes': 'Neue Ersatzcodes erstellen',
  'task.codesLead': 'Die alten gelten dann nicht mehr.',
  'task.codesSubmit': 'Codes erstellen',
  'task.codesWorking': 'Wird geprüft',
  'task.codesDone': 'Die neuen Codes gelten',
  'task.recoveryKey': 'Neuen Wiederherstellungs\u00ADschlüssel erstellen',
  'task.recoveryKeyLead': 'Der alte gilt dann nicht mehr. Passwort und Nachrichten bleiben.',
  'task.recoveryKeySubmit': 'Erstellen',
  'task.recoveryKeyWorking': 'Schlüssel wird erstellt',
  'task.recoveryKeyDone': 'Der neue Wiederherstellungsschlüssel gilt',
  'task.rotate': 'Alle Schlüssel ersetzen',
  'task.rotateLead':
    'Wähle ein Passwort, das niemand kennen kann. Danach bekommst du einen neuen Wiederherstellungsschlüssel.',
  'task.rotateSubmit': 'Schlüssel ersetzen',
  'task.rotateWorking': 'Neue Schlüssel entstehen',
  'task.rotateDone': 'Deine Schlüssel sind ersetzt. Deine Räume folgen von selbst.',
  'task.delete': 'Konto löschen?',
  'task.deleteLead':
    'Du verlässt alle Räume, und alles von dir wird vom Relay entfernt: Schlüssel, Kontakte, Einstellungen. Was du geschrieben hast, bleibt bei denen, die es lesen können. Deinen Benutzernamen kann niemand mehr bekommen.',
  'task.deleteSubmit': 'Endgültig löschen',
  'task.deleteWorking': 'Du verlässt deine Räume',
  'task.deleteDone': 'Das Konto ist gelöscht',

  'message.menu': 'Möglichkeiten für die Nachricht von {name} um {time}',
  'message.copy': 'Text kopieren',
  'message.report': 'Melden …',
  'report.title': 'Diese Nachricht melden?',
  'report.lead':
    'Die Verwaltung dieses Relays kann dann diese eine Nachricht lesen, mit dem Beweis, wer sie geschrieben hat. Sie wird dafür verschlüsselt. Vom Raum sieht sie sonst nichts, und die Mitglieder erfahren es nicht.',
  'report.note': 'Was ist damit nicht in Ordnung?',
  'report.noteHint': 'Du darfst das leer lassen.',
  'report.submit': 'Melden',
  'report.done': 'Die Nachricht ist gemeldet',

  'failure.wrong_recovery_key':
    'Dieser Benutzername und dieser Wiederherstellungsschlüssel gehören nicht zusammen. Sieh beide noch einmal an.',
  'failure.bad_recovery_key':
    'In diesem Schlüssel ist etwas vertippt. Er hat 56 Buchstaben und Ziffern; vergleiche ihn noch einmal mit deiner Kopie.',
  'failure.invite_invalid':
    'Dieser Einladungscode wurde schon benutzt, ist abgelaufen oder vertippt. Bitte um einen neuen.',
  'failure.totp_required':
    'Dieses Relay verlangt von jedem Konto einen Authenticator. Behalte deinen oder richte einen anderen ein.',
  'failure.too_old': 'Der Raum ist dafür schon zu weit. Lade die Seite neu und versuche es noch einmal.',
  'failure.session_is_newer':
    'Dieses Gerät hat sich nach diesem hier angemeldet. Melde dich hier ab und wieder an und beende es dann.',
  'failure.not_allowed': 'Deine Rolle hier erlaubt das nicht.',
  'failure.no_such_account': 'Dieses Konto gibt es nicht.',
  'failure.limit_reached': 'Davon gibt es so viele, wie dieses Relay erlaubt.',
  'failure.displaced': 'Das Konto wurde eben woanders benutzt. Versuche es in ein paar Sekunden noch einmal.',
  'failure.banned': 'Dieses Konto wurde von der Verwaltung gesperrt. Frage, wer das Relay betreibt.',
  'failure.awaiting_approval': 'Dein Konto muss zuerst freigegeben werden.',
  'failure.no_operator_key':
    'Noch kann niemand, der dieses Relay betreibt, Meldungen annehmen. Versuche es später oder schreibe auf anderem Weg.',
};
