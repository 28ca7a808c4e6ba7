import type { Message } from '../en';

/** Accounts: getting in, keeping what gets one back in, and everything in the settings. */
export const account = {
  // Landing
  'landing.admitted': 'You were invited to this relay. Create your account to begin.',
  'landing.relay': '{name} · Relay {version}',
  'ended.ended':
    'Another device of yours ended this session, or your password was changed. Log in again to go on.',
  'ended.expired': 'You have not been here for a while, so the session has ended. Log in again to go on.',
  'ended.kicked': 'An administrator ended your sessions. You can log in again.',
  'ended.banned': 'An administrator has blocked this account. Ask whoever runs the relay.',
  'ended.refused': 'An administrator has declined this account. It has been removed.',
  'ended.deleted': 'The account is deleted, and this device has forgotten everything of it.',
  'ended.not_logged_in': 'The session has ended. Log in again to go on.',

  // Logging in
  'login.forgot': 'Forgot your password?',
  'login.useSpare': 'Use a recovery code instead',
  'login.useApp': 'Use the authenticator app',
  'login.spareTitle': 'Use a recovery code',
  'login.spareLead': 'Type one of the ten codes that you kept. Each of them works once.',
  'login.spare': 'Recovery code',
  'login.neither': 'Neither app nor codes at hand? Use your recovery key',
  'login.enrolTitle': 'Set up a new authenticator',
  'login.enrolLead':
    'An administrator has reset your authenticator. Scan this code with an authenticator app to go on. If you did not ask for it, tell whoever runs the relay.',

  // Recovery
  'recover.title': 'Get back in',
  'recover.lead':
    'With your recovery key you set a new password and, if yours is lost, another authenticator. Your messages stay.',
  'recover.newPassword': 'New password',
  'recover.passwordHint': 'At least {n} characters. All other sessions end.',
  'recover.submit': 'Go on',
  'recover.totpTitle': 'Your authenticator',
  'recover.totpLead':
    'The key is right. Do you still have the authenticator app that makes your codes? It stays needed at every login.',
  'recover.keep': 'I have it: log in',
  'recover.another': 'It is lost: set up another',
  'recover.enrolLead':
    'Scan this code with an authenticator app. It takes the place of the one before, and you get new recovery codes.',
  'recover.working': 'Opening your account',
  'recover.lost':
    'Without password and recovery key nobody can open the account, not even whoever runs the relay.',
  'recovery.typed': '{n} of {of} characters',

  // Creating an account
  'register.invite': 'Invite code',
  'register.inviteHint': 'This relay takes new accounts by invite. Paste the code or the link you were sent.',
  'register.invited': 'Your invite admits you to this relay.',
  'register.approval': 'An administrator looks at every new account before it can be used.',
  'totp.skip': 'Go on without an authenticator',
  'totp.skipLead': 'You can add one in the settings at any time.',

  // Recovery codes
  'codes.title': 'Keep your recovery codes',
  'codes.lead':
    'If you are without your authenticator app, one of these codes takes its place. Each works once.',
  'codes.where': 'Keep them where your phone is not. They are shown only now, and new ones replace them.',
  'codes.label': 'Recovery codes',
  'codes.next': 'I have kept them',
  'codes.renew': 'Make new codes',
  'codes.fileName': 'waxwing-recovery-codes.txt',
  'codes.file':
    'Waxwing recovery codes\nAccount: {username}\nRelay: {origin}\n\n{codes}\n\nEach code replaces the authenticator app once. The password is still needed.\n',
  'newKey.title': 'Keep your new recovery key',
  'newKey.lead':
    'Your new password counts, and with it this new recovery key. The old one opens nothing any more. It is shown only now.',
  'newKey.leadKey':
    'From now on only this key counts. The old one opens nothing any more. It is shown only now.',

  // Waiting for approval
  'waiting.title': 'Almost there',
  'waiting.lead': 'Every new account at {relay} is looked at before it can be used.',
  'waiting.made': 'Your account {username} is made, and its keys are on this device.',
  'waiting.now': 'An administrator has to approve it.',
  'waiting.then': 'Then Waxwing opens by itself, here and wherever you log in.',
  'waiting.close': 'There is nothing for you to do. You may close this page and come back.',
  'waiting.offline': 'You are offline.',
  'waiting.as': 'Waiting as {name}',

  // In use elsewhere
  'displaced.title': 'Waxwing is open elsewhere',
  'displaced.lead': 'This account is now in use in another browser or on another device.',
  'displaced.submit': 'Continue here',
  'displaced.submitIn': { one: 'Continue here in {n} second', other: 'Continue here in {n} seconds' },
  'displaced.logOut': 'Log out here',
  'displaced.foot': 'It can be open in one place at a time. Nothing is lost when you switch.',

  // The operator's word
  'announcement.label': 'From the operator',
  'announcement.from': 'From the operator of {relay}',
  'announcement.open': 'not encrypted',
  'announcement.warning': 'Warning',
  'announcement.more': 'Show all',
  'announcement.others': { one: '{n} more announcement', other: '{n} more announcements' },
  'announcement.dismiss': 'Dismiss announcement',
  'announcement.none': 'No announcements',
  'announcement.lead':
    'When the operator has something to tell everybody, it stands above your conversations. You find it here for as long as it counts.',

  // What the relay did to the account's own data
  'account.oldKeysTitle': 'The relay brought back old keys of your account',
  'account.oldKeys':
    'They are older than those this device has seen, so nothing was overwritten. Do not change your password now. Ask whoever runs the relay; after a restored backup this can be an honest mistake.',
  'account.oldDataTitle': 'The relay brought back an old state of your account',
  'account.oldData':
    'It is older than what this device has seen, so nothing was overwritten. Ask whoever runs the relay; after a restored backup this can be an honest mistake.',

  // What happened to the account
  'news.approved': 'Your account is approved. Welcome!',
  'news.promoted': 'You are an administrator now.',
  'news.demoted': 'You are no administrator any more.',
  'news.totpReset': 'An administrator reset your authenticator',
  'news.totpResetLead':
    'On {when}. If you did not ask for it, change your password and ask whoever runs the relay.',
  'news.recoveryCodeUsed': 'A recovery code was used to log in',
  'news.recoveryCodeUsedLead': 'On {when}. If that was not you, change your password.',
  'news.recovered': 'Your account was recovered with its recovery key',
  'news.recoveredLead':
    'On {when}, and its authenticator was removed. If that was not you, replace your keys: somebody has your recovery key.',
  'news.codeGuessed': 'Somebody may know your password',
  'news.codeGuessedLead':
    'On {when} somebody typed it rightly and then several wrong codes. If that was not you, change your password: the code alone keeps them out.',
  'news.changePassword': 'Change password',
  'news.codesLeft': { one: '{n} code is left.', other: '{n} codes are left.' },
  'news.devices': 'Look at your devices',

  // Settings
  'section.profile': 'Profile',
  'section.security': 'Password and recovery',
  'section.devices': 'Devices',
  'section.keys': 'Encryption keys',
  'section.appearance': 'Appearance and language',
  'section.operator': 'From the operator',
  'settings.admin': 'Administration',
  'settings.backToMenu': 'Back to settings',
  'profile.title': 'How others see you',
  'profile.username': 'Your username is for logging in. It cannot be changed.',
  'profile.nameHint': 'Encrypted: only the people in your rooms can read it.',
  'profile.save': 'Save',
  'profile.saved': 'Your name is changed',
  'delete.title': 'Delete account',
  'delete.about': 'Removes you from all rooms, and from this relay everything that is yours.',
  'delete.open': 'Delete account…',
  'delete.sure': 'I know that nobody can undo this.',
  'security.password': 'Password',
  'security.passwordLead':
    'It opens your account and its keys. It never leaves your devices, so nobody can reset it for you.',
  'security.authenticator': 'Authenticator app',
  'security.authenticatorLead': 'Its six digits are asked for whenever you log in.',
  'security.noAuthenticatorLead': 'With an authenticator app a stolen password alone lets nobody in.',
  'security.authenticatorNext':
    'This relay asks every account for one. You set it up at your next login, with a new QR code.',
  'security.on': 'On',
  'security.off': 'Off',
  'security.replace': 'Change app or phone',
  'security.add': 'Add authenticator',
  'security.remove': 'Remove',
  'security.codes': 'Recovery codes',
  'security.codesLeft': { one: '{n} left', other: '{n} left' },
  'security.codesLead':
    'Each one takes the place of the authenticator app once, for a day without your phone.',
  'security.keyLead':
    'It gets you back in without password and authenticator, with all your messages. If you cannot find it any more, make a new one today.',
  'security.newKey': 'Make a new recovery key',
  'devices.title': 'Where you are logged in',
  'devices.lead': 'Log out whatever you do not know or do not use any more.',
  'devices.leadSingle':
    'Waxwing can be open in one of these places at a time. Log out whatever you do not know or do not use any more.',
  'devices.loading': 'Asking the relay',
  'devices.unnamed': 'Unnamed device',
  'devices.this': 'This device',
  'devices.now': 'Connected now',
  'devices.used': 'Last used {when}',
  'devices.since': 'since {when}',
  'devices.end': 'Log out',
  'devices.endOne': 'Log out {device}',
  'devices.ended': 'That device is logged out',
  'devices.endOthers': 'Log out all others',
  'devices.othersEnded': 'All other devices are logged out',
  'devices.hint':
    'A device that is logged out is told to forget everything. If it may be in the hands of somebody else, replace your keys as well.',
  'keys.title': 'Only your devices have your keys',
  'keys.lead':
    'They are made on your device. The relay keeps them locked with your password and your recovery key, so that you find everything again on another device. It can open neither of the locks.',
  'keys.replace': 'Replace all keys',
  'keys.when': 'Do this if somebody may have had your unlocked device, your password or your recovery key.',
  'keys.whatRooms':
    'Every room gets a new key from you: what is written from then on is closed to the old keys.',
  'keys.whatPassword': 'You choose a new password and get a new recovery key. The old ones stop working.',
  'keys.whatDevices': 'All other devices are logged out.',
  'keys.whatPeople':
    'People who have verified you are told that your identity has changed, signed with the old one.',
  'keys.open': 'Replace all keys…',
  'appearance.title': 'On this device',

  // Changes of the account: what is asked, done and said
  'task.oldPassword': 'Current password',
  'task.wrongPassword': 'This is not your password.',
  'task.code': 'Code',
  'task.codeHint': 'Six digits from your authenticator app, or a recovery code.',
  'task.scan':
    'Scan this with your authenticator app and type the first code it shows. Until then the old one counts.',
  'task.password': 'Change password',
  'task.passwordLead': 'You also get a new recovery key, and all other devices are logged out.',
  'task.passwordSubmit': 'Change password',
  'task.passwordWorking': 'Locking your keys anew',
  'task.passwordDone': 'Your password is changed',
  'task.authenticator': 'New authenticator',
  'task.authenticatorLead': 'First show that it is you.',
  'task.authenticatorSubmit': 'Continue',
  'task.authenticatorWorking': 'Checking',
  'task.authenticatorDone': 'The new authenticator counts',
  'task.removeAuthenticator': 'Remove authenticator',
  'task.removeAuthenticatorLead':
    'From then on your password alone opens the account. Recovery codes stop working with it.',
  'task.removeAuthenticatorSubmit': 'Remove',
  'task.removeAuthenticatorWorking': 'Removing',
  'task.removeAuthenticatorDone': 'Your account has no authenticator now',
  'task.codes': 'Make new recovery codes',
  'task.codesLead': 'The old ones stop working.',
  'task.codesSubmit': 'Make codes',
  'task.codesWorking': 'Checking',
  'task.codesDone': 'The new codes count',
  'task.recoveryKey': 'Make a new recovery key',
  'task.recoveryKeyLead': 'The old one stops working. Password and messages stay.',
  'task.recoveryKeySubmit': 'Make key',
  'task.recoveryKeyWorking': 'Making a key',
  'task.recoveryKeyDone': 'The new recovery key counts',
  'task.rotate': 'Replace all keys',
  'task.rotateLead': 'Choose a password that nobody can know. You get a new recovery key next.',
  'task.rotateSubmit': 'Replace keys',
  'task.rotateWorking': 'Making new keys',
  'task.rotateDone': 'Your keys are replaced. Your rooms follow by themselves.',
  'task.delete': 'Delete account?',
  'task.deleteLead':
    'You leave all your rooms, and everything of yours is removed from the relay: keys, contacts, settings. What you wrote stays with those who can read it. Nobody can take your username again.',
  'task.deleteSubmit': 'Delete for good',
  'task.deleteWorking': 'Leaving your rooms',
  'task.deleteDone': 'The account is deleted',

  // One message
  'message.menu': 'Options for the message of {name} at {time}',
  'message.copy': 'Copy text',
  'message.report': 'Report…',
  'report.title': 'Report this message?',
  'report.lead':
    'The administrators of this relay can then read this one message, with proof of who wrote it. It is encrypted for them. They see nothing else of the room, and its members are not told.',
  'report.note': 'What is wrong with it?',
  'report.noteHint': 'You may leave it empty.',
  'report.submit': 'Report',
  'report.done': 'The message is reported',

  // Failures, by code
  'failure.wrong_recovery_key':
    'This username and recovery key do not belong together. Look at both once more.',
  'failure.bad_recovery_key':
    'Something in this key is mistyped. It has 56 letters and digits; compare it once more with your copy.',
  'failure.invite_invalid':
    'This invite code was used before, has expired or is mistyped. Ask for a new one.',
  'failure.totp_required':
    'This relay asks every account for an authenticator. Keep yours, or set up another.',
  'failure.too_old': 'The room has gone on too far for this. Reload the page and try again.',
  'failure.session_is_newer':
    'That device logged in after this one. Log out here, log in again, and then end it.',
  'failure.not_allowed': 'Your role here does not allow that.',
  'failure.no_such_account': 'There is no such account.',
  'failure.limit_reached': 'There are as many of them as this relay allows.',
  'failure.displaced': 'The account was used elsewhere a moment ago. Try again in a few seconds.',
  'failure.banned': 'An administrator has blocked this account. Ask whoever runs the relay.',
  'failure.awaiting_approval': 'Your account has to be approved first.',
  'failure.no_operator_key':
    'Nobody who runs this relay can take reports yet. Try again later, or write to them in another way.',
} satisfies Record<string, Message>;
