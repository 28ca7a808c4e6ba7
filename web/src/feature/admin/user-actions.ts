import type { UserRecord } from '../../state/admin-types';
import type { Key } from '../../locale/catalogue';
import type { IconName } from '../../ui/Icon.svelte';

export type UserAction = 'approve' | 'refuse' | 'kick' | 'resetTotp' | 'promote' | 'demote' | 'ban' | 'unban';

/** What an administrator can do with a user. */
export interface ActionInfo {
  action: UserAction;
  /** The last part of the call's path. */
  call: string;
  icon: IconName;
  kind: 'primary' | 'quiet' | 'danger';
  /** What the question says; an action without needs none. */
  points: readonly Key[];
}

export const USER_ACTIONS: Record<UserAction, ActionInfo> = {
  approve: { action: 'approve', call: 'approve', icon: 'check', kind: 'primary', points: [] },
  refuse: {
    action: 'refuse',
    call: 'refuse',
    icon: 'close',
    kind: 'danger',
    points: ['act.refuse.1', 'act.refuse.2'],
  },
  kick: {
    action: 'kick',
    call: 'kick',
    icon: 'logOut',
    kind: 'quiet',
    points: ['act.kick.1', 'act.kick.2', 'act.kick.3'],
  },
  resetTotp: {
    action: 'resetTotp',
    call: 'reset-totp',
    icon: 'retry',
    kind: 'quiet',
    points: ['act.resetTotp.1', 'act.resetTotp.2', 'act.resetTotp.3'],
  },
  promote: {
    action: 'promote',
    call: 'promote',
    icon: 'shield',
    kind: 'quiet',
    points: ['act.promote.1', 'act.promote.2'],
  },
  demote: { action: 'demote', call: 'demote', icon: 'shield', kind: 'quiet', points: ['act.demote.1'] },
  ban: {
    action: 'ban',
    call: 'ban',
    icon: 'ban',
    kind: 'danger',
    points: ['act.ban.1', 'act.ban.2', 'act.ban.3'],
  },
  unban: { action: 'unban', call: 'unban', icon: 'check', kind: 'quiet', points: ['act.unban.1'] },
};

/** What can be done with a user; with oneself there is little. */
export function actionsFor(user: UserRecord, own: boolean): UserAction[] {
  if (own) return user.administrator ? ['demote'] : [];
  if (user.status === 'pending') return ['approve', 'refuse'];
  const rank: UserAction = user.administrator ? 'demote' : 'promote';
  if (user.status === 'banned') return user.administrator ? ['unban', 'demote'] : ['unban'];
  return [
    ...(user.sessions > 0 ? (['kick'] as const) : []),
    ...(user.totp ? (['resetTotp'] as const) : []),
    // A guest cannot administrate.
    ...(user.guest ? [] : [rank]),
    'ban',
  ];
}
