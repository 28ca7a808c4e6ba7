/** Numbers and times as an operator reads them. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes with at most three digits: `0 byte`, `14 kB`, `1.4 GB`. */
export function bytes(locale: string, value: number): string {
  const power = value < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: scaled < 10 && power > 0 ? 1 : 0,
  }).format(scaled);
}

/** A count that needs little room: `950`, `12K`. */
export function compact(locale: string, value: number): string {
  return new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

const STEPS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** From which part of a unit on a time ahead is told in it: what was made for a week is not told to last six days. */
const NEARLY = 0.95;

/** How long ago or ahead: `5 minutes ago`, `in 2 days`, `now`. What is past is counted in whole units. */
export function ago(locale: string, at: number, now: number): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const seconds = (at - now) / 1000;
  const [unit, size] = STEPS.find(([, step]) => seconds >= NEARLY * step || -seconds >= step) ?? [
    'second',
    0,
  ];
  if (size === 0) return format.format(0, 'second');
  return format.format(seconds > 0 ? Math.round(seconds / size) : Math.trunc(seconds / size), unit);
}

/** A span in its largest unit: `4 days`, `12 minutes`. */
export function span(locale: string, seconds: number): string {
  const [unit, size] = STEPS.slice(3).find(([, step]) => seconds >= step) ?? ['second', 1];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.floor(seconds / size),
  );
}

/** The beginning of an id, enough to tell one from another. */
export function short(id: string): string {
  return id.slice(0, 8);
}
