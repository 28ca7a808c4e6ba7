//! What belongs to messages: what they answer, reactions, votes, earlier texts; and which of them a page shows.

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::{Intent, Item};

/// A message of a room's log, as its [`Item`] names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Key of the item.
    pub key: String,
    /// Its place in the log: what is still on its way has none, and cannot be named.
    pub seq: u64,
}

/// Which items [`Intent::Timeline`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Page {
    /// The newest, and what is still on its way.
    Newest,
    /// Those next before a place.
    Before {
        /// The place.
        seq: u64,
    },
    /// Those next after a place, and what is still on its way if they reach the end.
    After {
        /// The place.
        seq: u64,
    },
    /// Those on both sides of a place, itself included.
    Around {
        /// The place.
        seq: u64,
    },
    /// Those on both sides of the first that was written at this time or later.
    At {
        /// Milliseconds since 1970.
        at: u64,
    },
}

/// The message that a message answers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// Key of its item.
    pub key: String,
    /// Its place in the log.
    pub seq: u64,
    /// Account that wrote it, as the answer says.
    pub sender: String,
    /// Its first 200 characters as they were when this was read; empty if it cannot be read or was deleted. An item with the key knows better.
    pub text: String,
}

/// What a link in a message leads to, as its author says: nobody else looked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Preview {
    /// The link, `http` or `https`, at most 2048 bytes.
    pub url: String,
    /// At most 300 bytes of UTF-8.
    pub title: String,
    /// At most 1000 bytes of UTF-8.
    pub description: String,
}

/// One emoji and who reacted with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    /// One emoji.
    pub emoji: String,
    /// Accounts, the first first.
    pub accounts: Vec<String>,
}

/// One answer of a poll and who chose it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PollOption {
    /// What it says.
    pub text: String,
    /// Accounts.
    pub accounts: Vec<String>,
}

/// A text that a message had.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The text.
    pub text: String,
    /// When it was written, as its author says.
    pub at: u64,
}
