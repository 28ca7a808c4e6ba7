import type { EngineClient } from '../engine/client';
import type { ReportRecord } from './admin-types';

/** What a report says, opened on this device. */
export interface OpenedReport {
  text: string;
  writtenAt: number;
  /** Whether the message carries the signature of the one the relay names. */
  valid: boolean;
  note?: string | null | undefined;
}

/** @throws {CallFailure} when it cannot be opened */
export async function openReport(
  engine: Pick<EngineClient, 'call'>,
  { sealed, sender, sender_keys }: ReportRecord,
): Promise<OpenedReport> {
  const intent = { type: 'openReport', sealed, sender, senderKeys: sender_keys };
  return (await engine.call(intent as never)) as unknown as OpenedReport;
}
