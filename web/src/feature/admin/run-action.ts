import type { Desk } from '../../state/admin-desk.svelte';
import type { UserRecord } from '../../state/admin-types';
import type { App } from '../../state/app.svelte';
import { USER_ACTIONS, type UserAction } from './user-actions';

/**
 * Does something with a user, and tells the lists and the person.
 *
 * @returns the user afterwards, or null when the account is gone
 * @throws {CallFailure} when the relay refuses
 */
export async function runAction(
  app: App,
  desk: Desk,
  user: UserRecord,
  action: UserAction,
  reason: string | null,
): Promise<UserRecord | null> {
  const path = `users/${user.account}/${USER_ACTIONS[action].call}`;
  const answer = await app.admin.api.post<Partial<UserRecord>>(path, reason === null ? {} : { reason });
  const after = answer.account === undefined ? null : (answer as UserRecord);
  desk.userIs(user.account, after);
  app.toasts.show(app.i18n.t(`act.${action}.done`, { name: `@${user.username}` }));
  return after;
}
