import type { ReplyFor } from '../engine/api';
import { CallFailure, type EngineClient } from '../engine/client';
import type { ReportRecord } from './admin-types';

/** What a report says, opened on this device. */
export type OpenedReport = ReplyFor<'openReport'>;

/**
 * Opens a report that was sealed for this administrator.
 *
 * @throws {CallFailure} when it was not, or when it cannot be opened
 */
export async function openReport(
  engine: Pick<EngineClient, 'call'>,
  { sealed, room, entry, sender, sender_keys: senderKeys }: ReportRecord,
): Promise<OpenedReport> {
  if (sealed == null) throw new CallFailure({ code: 'not_found', message: '' });
  return engine.call({ type: 'openReport', sealed, room, entry, sender, senderKeys });
}
