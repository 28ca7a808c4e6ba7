import { createContext } from 'svelte';
import type { Admin } from './admin.svelte';
import { AdminList } from './admin-list.svelte';
import { AdminSettings } from './admin-settings.svelte';
import { AdminStatistics } from './admin-statistics.svelte';
import type {
  AnnouncementList,
  AnnouncementRecord,
  AuditEntry,
  AuditKind,
  AuditList,
  InviteList,
  InviteRecord,
  Order,
  ReportList,
  ReportRecord,
  ReportStatus,
  RoomList,
  RoomRecord,
  RoomSort,
  UserRecord,
  Users,
  UserSort,
  UserStatus,
} from './admin-types';

/** Rows of a page. */
const PAGE = 50;

export interface UserQuery {
  query: string;
  status: UserStatus | '';
  /** Only guests, or only those who are none. */
  guests: '' | 'true' | 'false';
  sort: UserSort;
  order: Order;
}

export interface RoomQuery {
  sort: RoomSort;
  order: Order;
}

export interface AuditQuery {
  query: string;
  kind: AuditKind | '';
  /** Only what this account did. */
  actor: string;
  /** Days, as `2026-11-21` in local time. */
  from: string;
  to: string;
}

export const EVERYTHING: AuditQuery = { query: '', kind: '', actor: '', from: '', to: '' };

/** Everything on the administrator's desk. It lives as long as the desk is open. */
export class Desk {
  readonly admin: Admin;
  readonly statistics: AdminStatistics;
  readonly settings: AdminSettings;
  readonly users: AdminList<UserRecord, UserQuery>;
  readonly approvals: AdminList<UserRecord>;
  readonly rooms: AdminList<RoomRecord, RoomQuery>;
  readonly reports: AdminList<ReportRecord, { status: ReportStatus | '' }>;
  readonly announcements: AdminList<AnnouncementRecord>;
  readonly invites: AdminList<InviteRecord>;
  readonly audit: AdminList<AuditEntry, AuditQuery>;

  constructor(admin: Admin) {
    const { api } = admin;
    this.admin = admin;
    this.statistics = new AdminStatistics(admin);
    this.settings = new AdminSettings(api);
    this.users = new AdminList<UserRecord, UserQuery>(
      { query: '', status: '', guests: '', sort: 'username', order: 'ascending' },
      async (query, after) => usersOf(await api.get<Users>('users', { ...query, after, limit: PAGE })),
    );
    this.approvals = new AdminList({}, async (_, after) => {
      const oldestFirst = { status: 'pending', sort: 'created', order: 'ascending' };
      const page = usersOf(await api.get<Users>('users', { ...oldestFirst, after, limit: PAGE }));
      admin.pending = page.total;
      return page;
    });
    this.rooms = new AdminList<RoomRecord, RoomQuery>(
      { sort: 'size', order: 'descending' },
      async (query, after) => {
        const { rooms, ...page } = await api.get<RoomList>('rooms', { ...query, after, limit: PAGE });
        return { items: rooms, ...page };
      },
    );
    this.reports = new AdminList<ReportRecord, { status: ReportStatus | '' }>(
      { status: 'open' },
      async (query, after) => {
        const { reports, open, ...page } = await api.get<ReportList>('reports', {
          ...query,
          after,
          limit: PAGE,
        });
        admin.reports = open;
        return { items: reports, ...page };
      },
    );
    this.announcements = new AdminList({}, async () => {
      const { announcements } = await api.get<AnnouncementList>('announcements');
      return { items: announcements };
    });
    this.invites = new AdminList({}, async () => {
      const { invites } = await api.get<InviteList>('invites');
      return { items: invites };
    });
    this.audit = new AdminList(EVERYTHING, async ({ from, to, ...query }, after) => {
      const times = { from: dayStart(from), to: dayStart(to, 1) };
      const { entries, next } = await api.get<AuditList>('audit', { ...query, ...times, after, limit: PAGE });
      return { items: entries, next };
    });
  }

  /** A user has changed, or is gone. */
  userIs(account: string, user: UserRecord | null): void {
    const same = (row: UserRecord) => row.account === account;
    if (user) this.users.put(same, user);
    else this.users.drop(same);
    if (user?.status !== 'pending') this.approvals.drop(same);
    this.admin.pending = this.approvals.total ?? this.admin.pending;
  }
}

function usersOf({ users, total, next }: Users) {
  return { items: users, total, next };
}

/** Midnight of a day in local time, or of one so many days later; null for what is no day. */
export function dayStart(day: string, later = 0): number | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  if (year === undefined) return null;
  const time = new Date(Number(year), Number(month) - 1, Number(date) + later).getTime();
  return Number.isNaN(time) || time < 0 ? null : time;
}

export const [useDesk, provideDesk] = createContext<Desk>();
