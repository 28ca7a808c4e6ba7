import type { Translation } from '../catalogue';
import type { messages as original } from '../en/messages';

export const messages: Translation<typeof original> = {
  'markdown.code': 'Code',
  'markdown.copy': 'Code kopieren',

  'emoji.title': 'Emoji',
  'emoji.open': 'Emoji wählen',
  'emoji.search': 'Emoji suchen',
  'emoji.groups': 'Gruppen',
  'emoji.group0': 'Smileys',
  'emoji.group1': 'Menschen',
  'emoji.group3': 'Tiere und Natur',
  'emoji.group4': 'Essen und Trinken',
  'emoji.group5': 'Reisen und Orte',
  'emoji.group6': 'Aktivitäten',
  'emoji.group7': 'Gegenstände',
  'emoji.group8': 'Symbole',
  'emoji.group9': 'Flaggen',
  'emoji.none': 'So heißt kein Emoji.',
  'emoji.found': { one: '{n} Emoji', other: '{n} Emoji' },
  'emoji.failed':
    'Die Emoji konnten nicht geladen werden. Prüfe die Verbindung und öffne das hier noch einmal.',
};
