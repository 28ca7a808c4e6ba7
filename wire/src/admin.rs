//! JSON bodies of the administration, below `/api/v1/admin/`. Every call needs the session of an administrator
//! ([`crate::ProblemCode::NotAdministrator`] otherwise); those that change something are `POST` with the header
//! `Waxwing-Client: 1`, like all others. [`Statistics`] also travel on the stream.
//!
//! Lists come in pages: `limit` entries (50 unless asked for, [`crate::limits::ADMIN_PAGE`] at most), and `after` with
//! the [`Users::next`] of the page before. Times are milliseconds since 1970.

mod announcements;
mod audit;
mod invites;
mod reports;
mod rooms;
mod settings;
mod statistics;
mod users;

pub use announcements::{Announce, Announced, AnnouncementList, AnnouncementRecord, Level};
pub use audit::{AuditEntry, AuditKind, AuditList, AuditQuery, AuditVerdict, Noted, VerifyQuery};
pub use invites::{InviteList, InviteMade, InviteRecord, MakeInvite};
pub use reports::{ReportList, ReportQuery, ReportRecord, ReportStatus, Resolve};
pub use rooms::{RoomList, RoomQuery, RoomRecord, RoomSort};
pub use settings::{ChangeSettings, Setting, Settings};
pub use statistics::{HourStatistics, Statistics, StatisticsPage};
pub use users::{
    Order, Reason, UserDetails, UserQuery, UserRecord, UserSession, UserSort, UserStatus, Users,
};

/// Paths of the calls, below the origin of the relay.
pub mod path {
    /// `GET` with [`super::UserQuery`] -> [`super::Users`].
    pub const USERS: &str = "/api/v1/admin/users";
    /// `GET` -> [`super::UserDetails`].
    pub const USER: &str = "/api/v1/admin/users/{account}";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`]: a waiting account may go on.
    pub const APPROVE: &str = "/api/v1/admin/users/{account}/approve";
    /// `POST` [`super::Reason`] -> [`crate::account::Empty`]: a waiting account is deleted.
    pub const REFUSE: &str = "/api/v1/admin/users/{account}/refuse";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`]: ends all sessions and takes no new ones.
    pub const BAN: &str = "/api/v1/admin/users/{account}/ban";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`].
    pub const UNBAN: &str = "/api/v1/admin/users/{account}/unban";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`]: ends all sessions.
    pub const KICK: &str = "/api/v1/admin/users/{account}/kick";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`]: the next login sets up a new authenticator.
    pub const RESET_TOTP: &str = "/api/v1/admin/users/{account}/reset-totp";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`].
    pub const PROMOTE: &str = "/api/v1/admin/users/{account}/promote";
    /// `POST` [`super::Reason`] -> [`super::UserRecord`].
    pub const DEMOTE: &str = "/api/v1/admin/users/{account}/demote";
    /// `GET` -> [`super::InviteList`]; `POST` [`super::MakeInvite`] -> [`super::InviteMade`].
    pub const INVITES: &str = "/api/v1/admin/invites";
    /// `POST` [`crate::account::Empty`] -> [`crate::account::Empty`].
    pub const INVITE_REVOKE: &str = "/api/v1/admin/invites/{id}/revoke";
    /// `GET` with [`super::RoomQuery`] -> [`super::RoomList`].
    pub const ROOMS: &str = "/api/v1/admin/rooms";
    /// `POST` [`super::Reason`] -> [`crate::account::Empty`].
    pub const ROOM_REMOVE: &str = "/api/v1/admin/rooms/{room}/remove";
    /// `POST` [`super::Reason`] -> [`crate::account::Empty`]: the entry's ciphertext goes, its digest stays.
    pub const ENTRY_REMOVE: &str = "/api/v1/admin/rooms/{room}/entries/{seq}/remove";
    /// `GET` with [`super::ReportQuery`] -> [`super::ReportList`].
    pub const REPORTS: &str = "/api/v1/admin/reports";
    /// `POST` [`super::Resolve`] -> [`crate::account::Empty`].
    pub const REPORT_RESOLVE: &str = "/api/v1/admin/reports/{id}/resolve";
    /// `GET` -> [`super::AnnouncementList`]; `POST` [`super::Announce`] -> [`super::Announced`].
    pub const ANNOUNCEMENTS: &str = "/api/v1/admin/announcements";
    /// `POST` [`crate::account::Empty`] -> [`crate::account::Empty`].
    pub const ANNOUNCEMENT_WITHDRAW: &str = "/api/v1/admin/announcements/{id}/withdraw";
    /// `GET` -> [`super::Settings`]; `POST` [`super::ChangeSettings`] -> [`super::Settings`].
    pub const SETTINGS: &str = "/api/v1/admin/settings";
    /// `GET` -> [`super::StatisticsPage`].
    pub const STATISTICS: &str = "/api/v1/admin/statistics";
    /// `GET` with [`super::AuditQuery`] -> [`super::AuditList`].
    pub const AUDIT: &str = "/api/v1/admin/audit";
    /// `GET` with [`super::VerifyQuery`] -> [`super::AuditVerdict`].
    pub const AUDIT_VERIFY: &str = "/api/v1/admin/audit/verify";
    /// `GET` -> one JSON object per line, the oldest entry first; each has the fields of [`super::AuditEntry`] but for names.
    pub const AUDIT_EXPORT: &str = "/api/v1/admin/audit/export";
}
