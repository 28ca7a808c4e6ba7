import type { IconName } from '../../ui/Icon.svelte';

/** The parts of the desk as its menu shows them. */
export const GROUPS = [
  [['overview', 'pulse']],
  [
    ['approvals', 'clock'],
    ['users', 'people'],
    ['invites', 'ticket'],
  ],
  [
    ['rooms', 'rooms'],
    ['reports', 'flag'],
  ],
  [
    ['announcements', 'megaphone'],
    ['settings', 'settings'],
    ['audit', 'log'],
  ],
] as const satisfies (readonly [section: string, icon: IconName])[][];

export type Section = (typeof GROUPS)[number][number][0];

/** The part that an address names, or null. */
export function sectionOf(name: string | null): Section | null {
  return (
    GROUPS.flatMap((group) => group.map(([section]): Section => section)).find(
      (section) => section === name,
    ) ?? null
  );
}
