/** Longest label of a device that the relay takes, in characters. */
const LABEL_CHARS = 64;

/** The browsers that name themselves after others come first. */
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** What a session is called in the list of sessions: browser and system, such as `Firefox, Linux`. The relay reads it. */
export function deviceLabel(userAgent: string): string {
  const find = (table: readonly [RegExp, string][]) =>
    table.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
  const parts = [find(BROWSERS), find(SYSTEMS)].filter((part) => part !== null);
  return parts.join(', ').slice(0, LABEL_CHARS) || 'Browser';
}

/** Whether a label is that of something one holds in the hand. */
export function isHandheld(label: string): boolean {
  return /\b(?:iPhone|iPad|Android|iOS)\b/.test(label);
}
