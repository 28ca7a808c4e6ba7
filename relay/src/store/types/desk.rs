//! What administrators do, and what is counted for them.

/// What an administrator does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAct {
    /// Lets a waiting account go on.
    Approve,
    /// Deletes a waiting account.
    Refuse,
    /// Ends all sessions and takes no new ones.
    Ban,
    /// Takes sessions again.
    Unban,
    /// Ends all sessions.
    Kick,
    /// Takes the second factor off.
    ResetTotp,
    /// Makes it an administrator.
    Promote,
    /// Makes it an administrator no longer.
    Demote,
}

/// Settings that change, each with its old and new value for the audit log.
pub type SettingChanges = Vec<(&'static str, String)>;

/// What the statistics count in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Accounts that do not wait, without guests.
    pub users: u64,
    /// Guests.
    pub guests: u64,
    /// Accounts that wait for an administrator.
    pub pending: u64,
    /// Reports that nobody has decided.
    pub reports: u64,
    /// Messages ever written.
    pub messages_total: u64,
    /// Messages written since midnight, UTC.
    pub messages_today: u64,
}
