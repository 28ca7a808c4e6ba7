import type { Message } from '../en';

/** What stands in and around messages: their text, the composer and its pickers. */
export const messages = {
  'markdown.code': 'Code',
  'markdown.copy': 'Copy code',

  'emoji.title': 'Emoji',
  'emoji.open': 'Choose an emoji',
  'emoji.search': 'Find an emoji',
  'emoji.groups': 'Groups',
  'emoji.group0': 'Smileys',
  'emoji.group1': 'People',
  'emoji.group3': 'Animals and nature',
  'emoji.group4': 'Food and drink',
  'emoji.group5': 'Travel and places',
  'emoji.group6': 'Activities',
  'emoji.group7': 'Objects',
  'emoji.group8': 'Symbols',
  'emoji.group9': 'Flags',
  'emoji.none': 'No emoji is called that.',
  'emoji.found': { one: '{n} emoji', other: '{n} emoji' },
  'emoji.failed': 'The emoji could not be loaded. Check the connection and open this again.',
} satisfies Record<string, Message>;
