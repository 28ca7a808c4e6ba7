import { bytes, compact } from '../../state/admin-format';
import type { AdminStatistics, Values } from '../../state/admin-statistics.svelte';
import type { I18n } from '../../state/i18n.svelte';
import type { Statistics } from '../../state/admin-types';
import type { Series } from '../../ui/Plot.svelte';

export type Span = 'minutes' | 'days';

/** A number of the relay as its tile shows it. */
export interface TileInfo {
  key: string;
  title: string;
  value: string;
  note?: string;
  series?: Series[];
  times?: Values;
  format: (value: number) => string;
  /** Says when something was measured. */
  moment: (at: number) => string;
  without?: string;
}

/** The tiles of the overview. */
export function tilesOf(i18n: I18n, statistics: AdminStatistics, now: Statistics, span: Span): TileInfo[] {
  const clock = new Intl.DateTimeFormat(
    i18n.locale,
    span === 'minutes' ? { timeStyle: 'medium' } : { weekday: 'short', hour: '2-digit', minute: '2-digit' },
  );
  const moment = (at: number) => clock.format(at);
  return numbersOf(i18n, statistics, now, span).map((tile) => ({ ...tile, moment }));
}

function numbersOf(
  i18n: I18n,
  statistics: AdminStatistics,
  now: Statistics,
  span: Span,
): Omit<TileInfo, 'moment'>[] {
  const { t, locale } = i18n;
  const live = span === 'minutes';
  const number = (value: number) => i18n.number(Math.round(value));
  const size = (value: number) => bytes(locale, value);
  const rate = (value: number) => t('overview.perSecond', { value: bytes(locale, value) });
  const milliseconds = (us: number) => t('overview.ms', { value: milli(locale, us) });
  const times = live ? statistics.times : statistics.hourTimes;
  const line = (tone: Series['tone'], label: string, values: Values): Series => ({ tone, label, values });
  const perHour = (value: Parameters<AdminStatistics['hourly']>[0]) => statistics.hourly(value);
  return [
    {
      key: 'online',
      title: t('overview.online'),
      value: number(now.online),
      note: `${t('overview.connections')} ${number(now.connections)}`,
      series: [
        line('wax', t('overview.online'), live ? statistics.of((s) => s.online) : perHour((h) => h.online)),
        line(
          'blue',
          t('overview.connections'),
          live ? statistics.of((s) => s.connections) : perHour((h) => h.connections),
        ),
      ],
      times,
      format: number,
    },
    {
      key: 'messages',
      title: t('overview.messages'),
      value: number(now.messages_today),
      note: t('overview.messagesTotal', { value: compact(locale, now.messages_total) }),
      series: [
        live
          ? line(
              'wax',
              t('overview.messagesRate'),
              statistics.growth((s) => s.messages_total),
            )
          : line(
              'wax',
              t('overview.messagesHour'),
              perHour((h) => h.messages),
            ),
      ],
      times,
      format: number,
    },
    {
      key: 'users',
      title: t('overview.users'),
      value: number(now.users),
      note: [
        now.guests > 0 ? t('overview.guests', { n: now.guests }) : null,
        now.pending > 0 ? t('overview.usersNote', { n: now.pending }) : t('overview.nobodyWaits'),
      ]
        .filter((note) => note !== null)
        .join(' · '),
      format: number,
    },
    {
      key: 'traffic',
      title: t('overview.traffic'),
      value: rate(now.bytes_in_per_s + now.bytes_out_per_s),
      series: [
        line(
          'wax',
          t('overview.out'),
          live ? statistics.of((s) => s.bytes_out_per_s) : perHour((h) => h.bytes_out / 3600),
        ),
        line(
          'blue',
          t('overview.in'),
          live ? statistics.of((s) => s.bytes_in_per_s) : perHour((h) => h.bytes_in / 3600),
        ),
      ],
      times,
      format: rate,
    },
    {
      key: 'requests',
      title: t(live ? 'overview.requests' : 'overview.requestsHour'),
      value: number(now.requests_per_minute * (live ? 1 : 60)),
      series: [
        line(
          'wax',
          t('overview.requests'),
          live ? statistics.of((s) => s.requests_per_minute) : perHour((h) => h.requests),
        ),
      ],
      times,
      format: number,
    },
    {
      key: 'latency',
      title: t('overview.latency'),
      // 0 says that there was no call, not that one took no time.
      value: now.http_p95_us === 0 ? t('admin.none') : milliseconds(now.http_p95_us),
      ...(now.http_p50_us === 0
        ? {}
        : { note: t('overview.half', { value: milliseconds(now.http_p50_us) }) }),
      ...(live
        ? {
            series: [
              line(
                'wax',
                t('overview.http'),
                statistics.of((s) => s.http_p95_us),
              ),
              line(
                'blue',
                t('overview.writes'),
                statistics.of((s) => s.write_p95_us),
              ),
            ],
          }
        : { without: t('overview.onlyLive') }),
      times,
      format: milliseconds,
    },
    {
      key: 'errors',
      title: t('overview.errors'),
      value: number(now.failed),
      note: t('overview.errorsSince'),
      series: [
        line(
          'bad',
          t('overview.failed'),
          live ? statistics.growth((s) => s.failed) : perHour((h) => h.failed),
        ),
        line(
          'blue',
          t('overview.refused'),
          live ? statistics.growth((s) => s.refused) : perHour((h) => h.refused),
        ),
      ],
      times,
      format: number,
    },
    {
      key: 'storage',
      title: t('overview.storage'),
      value: size(now.database_bytes),
      note: [
        t('overview.wal', { value: size(now.wal_bytes) }),
        ...(now.disk_free_bytes == null ? [] : [t('overview.free', { value: size(now.disk_free_bytes) })]),
      ].join(' · '),
      series: [
        line(
          'wax',
          t('overview.storage'),
          live ? statistics.of((s) => s.database_bytes) : perHour((h) => h.database_bytes),
        ),
      ],
      times,
      format: size,
    },
    {
      key: 'memory',
      title: t('overview.memory'),
      value: now.memory_bytes == null ? t('admin.none') : size(now.memory_bytes),
      ...(live
        ? {
            series: [
              line(
                'wax',
                t('overview.memory'),
                statistics.of((s) => s.memory_bytes),
              ),
            ],
          }
        : { without: t('overview.onlyLive') }),
      times,
      format: size,
    },
  ];
}

/** Milliseconds with what digits matter: `0.4`, `12`. */
function milli(locale: string, us: number): string {
  const ms = us / 1000;
  return new Intl.NumberFormat(locale, { maximumFractionDigits: ms < 10 ? 1 : 0 }).format(ms);
}
