//! What a user interface says to the client and hears from it. Everything here crosses into TypeScript: names are
//! camelCase there, enums are unions with a `type` tag, ids are base64url strings, times are milliseconds since 1970.

mod account;
mod intent;
mod message;
mod notice;
mod reply;
mod view;

pub use account::AccountIntent;
pub use intent::Intent;
pub use message::{Page, PollOption, Preview, Quote, Reaction, Target, Version};
pub use notice::{
    AccountNotice, Announcement, Connection, Ended, Me, Notice, Presence, Receipt, Rollback, Status,
};
pub use reply::{Contact, Failure, Reply, SessionEntry};
pub use view::{
    Avatar, Body, Confirmed, Door, History, INVITE_S_MAX, INVITE_S_MIN, Identity, Item, Notify, Person,
    RETENTION_S_MAX, RETENTION_S_MIN, Role, Room, Sending, Vouched,
};

/// These carry passwords, codes, keys and texts, so `Debug` shows none of their content.
macro_rules! redacted {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(
    AccountIntent Contact Intent Reply Notice Room Item Body Announcement Quote Preview Reaction PollOption Version
);
