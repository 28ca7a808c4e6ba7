import type { IconName } from '../../ui/Icon.svelte';

/** The pages of the settings, in the order of the menu. */
export const SECTIONS = [
  'profile',
  'contacts',
  'security',
  'devices',
  'keys',
  'privacy',
  'appearance',
  'operator',
] as const;
export type Section = (typeof SECTIONS)[number];

/** What needs a password. */
export const NOT_FOR_GUESTS: readonly Section[] = ['security', 'keys'];

export const SECTION_ICON: Record<Section, IconName> = {
  profile: 'person',
  contacts: 'people',
  security: 'lock',
  devices: 'devices',
  keys: 'key',
  privacy: 'eye',
  appearance: 'palette',
  operator: 'megaphone',
};

/** The section of an address; an unknown one is none. */
export function sectionOf(part: string | null): Section | null {
  return SECTIONS.find((section) => section === part) ?? null;
}
