const KINDS = ['account', 'room', 'entry', 'setting', 'invite', 'announcement', 'report'] as const;

/** What an entry of the audit log is about. */
export interface AuditTarget {
  kind: (typeof KINDS)[number];
  id: string;
}

/** Reads a target as the relay writes it, such as `account:ID`; null for anything else. */
export function targetOf(text: string): AuditTarget | null {
  const colon = text.indexOf(':');
  const kind = KINDS.find((name) => name === text.slice(0, colon));
  const id = text.slice(colon + 1);
  return kind === undefined || id === '' ? null : { kind, id };
}
