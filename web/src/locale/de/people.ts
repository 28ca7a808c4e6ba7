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
  'failure.not_accepted': 'Nimm die Anfrage an, bevor du schreibst.',
  'failure.is_blocked': 'Du hast diese Person blockiert. Hebe das zuerst auf.',
};
