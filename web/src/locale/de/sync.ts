import type { Translation } from '../catalogue';
import type { sync as en } from '../en/sync';

export const sync: Translation<typeof en> = {
  'sync.running': 'Verlauf wird geholt',
  'sync.paused': 'Verlauf angehalten',
  'sync.rooms': { one: '{n} Unterhaltung', other: '{n} Unterhaltungen' },
  'sync.label': 'Geholter Verlauf',
  'sync.pause': 'Anhalten',
  'sync.resume': 'Weiter',
};
