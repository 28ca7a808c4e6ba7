//! A room's picture: an emoji on a colour, as it stands in the room's state.

use minicbor::{Decode, Encode};

use crate::api::{Avatar, History, Role};
use waxwing_crypto_core::room::{self, HistoryRule};

/// Longest emoji, in bytes of UTF-8: a family of four with tones of skin has 41.
const EMOJI_BYTES: usize = 64;
/// How many colours there are.
const COLOURS: u8 = 10;

/// `[emoji, colour]`.
#[derive(Encode, Decode)]
struct Picture {
    #[n(0)]
    emoji: String,
    #[n(1)]
    colour: u8,
}

/// Whether this may be somebody's wish. That it is one emoji, the app looks at: what is one changes from year to year.
pub(super) fn is_valid(avatar: &Avatar) -> bool {
    let plain = avatar.emoji.chars().all(|char| !char.is_control() && !char.is_whitespace());
    avatar.emoji.len() <= EMOJI_BYTES && avatar.colour < COLOURS && plain
}

pub(super) fn to_bytes(avatar: &Avatar) -> Vec<u8> {
    waxwing_wire::encode(&Picture { emoji: avatar.emoji.clone(), colour: avatar.colour })
}

/// The picture of a state; nothing when there is none, or another program has put something else there.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Avatar> {
    let Picture { emoji, colour } = waxwing_wire::decode(bytes).ok()?;
    Some(Avatar { emoji, colour }).filter(is_valid)
}

impl From<room::Role> for Role {
    fn from(role: room::Role) -> Self {
        match role {
            room::Role::Owner => Self::Owner,
            room::Role::Moderator => Self::Moderator,
            room::Role::Member => Self::Member,
        }
    }
}

impl From<HistoryRule> for History {
    fn from(rule: HistoryRule) -> Self {
        match rule {
            HistoryRule::All => Self::All,
            HistoryRule::FromJoin => Self::FromJoin,
        }
    }
}

impl From<History> for HistoryRule {
    fn from(rule: History) -> Self {
        match rule {
            History::All => Self::All,
            History::FromJoin => Self::FromJoin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_round_trip_and_what_is_none_is_none() {
        for (emoji, colour) in [("🦜", 3), ("", 0), ("👨🏽\u{200d}👩🏽\u{200d}👧🏽\u{200d}👦🏽", 9)]
        {
            let avatar = Avatar { emoji: emoji.to_owned(), colour };
            assert!(is_valid(&avatar));
            assert_eq!(from_bytes(&to_bytes(&avatar)), Some(avatar));
        }
        for (emoji, colour) in [("🦜", 10), ("a b", 0), ("\n", 0), (&*"x".repeat(65), 0)] {
            let avatar = Avatar { emoji: emoji.to_owned(), colour };
            assert!(!is_valid(&avatar));
            assert_eq!(from_bytes(&to_bytes(&avatar)), None);
        }
        for bytes in [&[][..], &[0], &[1, 2, 3]] {
            assert_eq!(from_bytes(bytes), None);
        }
    }
}
