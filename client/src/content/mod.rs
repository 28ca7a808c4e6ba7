//! What a message body is, by the kind in its metadata.

mod bodies;
mod emoji;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use waxwing_wire::{AccountId, EntryId, Seq};

pub(crate) use bodies::{Poll, Ref};
pub(crate) use emoji::is_emoji;

use crate::api::{Body, Item, PollOption, Preview, Quote, Sending, Target};

/// Kind of [`Content::Profile`].
pub(crate) const PROFILE_KIND: u16 = 2;
/// Accounts that one message mentions.
pub(crate) const MENTIONS: usize = 64;
/// Earlier texts of a message that are kept, and whose removal one deletion explains.
pub(crate) const EDITS: usize = 64;
/// Reactions of one account at one message.
pub(crate) const REACTIONS_EACH: usize = 8;
/// Largest question of a poll, UTF-8 bytes.
pub(crate) const QUESTION_BYTES: usize = 1000;
/// Largest answer of a poll, UTF-8 bytes.
pub(crate) const OPTION_BYTES: usize = 300;
/// Fewest and most answers of a poll.
pub(crate) const OPTIONS: std::ops::RangeInclusive<usize> = 2..=12;
/// Largest link, title and description of a preview, UTF-8 bytes.
const PREVIEW_BYTES: (usize, usize, usize) = (2048, 300, 1000);

/// A message's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Kind 1: a text.
    Text(Text),
    /// Kind 2: how the author wants to be called in the room.
    Profile(String),
    /// Kind 7: a question.
    Poll(Poll),
    /// Kinds 3 to 6, 8 and 9: something about another message.
    Note(Note),
    /// A kind that this version does not know.
    Unknown,
}

/// A text and what goes with it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) reply: Option<Ref>,
    pub(crate) mentions: Vec<AccountId>,
    pub(crate) forwarded: bool,
    pub(crate) preview: Option<Preview>,
}

/// Something about another message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) target: Ref,
    pub(crate) what: What,
}

/// What a note says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// Kind 3: another text.
    Edit { text: String, mentions: Vec<AccountId> },
    /// Kind 4: it is deleted, and with it these edits of it.
    Delete { edits: Vec<Ref> },
    /// Kind 5: a reaction is there, or not any more.
    React { emoji: String, on: bool },
    /// Kind 6: it is pinned, or not any more.
    Pin { on: bool },
    /// Kind 8: places of the chosen answers, ascending.
    Vote { choices: Vec<u32> },
    /// Kind 9: later votes do not count.
    Close,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.text.len())
    }
}

impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("What(..)")
    }
}

impl Text {
    /// Its item; what it answers is not looked up yet.
    pub(crate) fn item(self, me: AccountId, state: Sending, plain: impl FnOnce(Body) -> Item) -> Item {
        let quote = |reply: Ref| Quote {
            key: reply.key(me),
            seq: reply.seq,
            sender: reply.sender.to_string(),
            text: String::new(),
        };
        Item {
            reply: self.reply.map(quote),
            mentions: self.mentions.iter().map(AccountId::to_string).collect(),
            forwarded: self.forwarded,
            preview: self.preview,
            ..plain(Body::Text { text: self.text, state })
        }
    }
}

impl Poll {
    /// What its item shows before anybody votes.
    pub(crate) fn body(self, state: Sending) -> Body {
        let option = |text| PollOption { text, accounts: Vec::new() };
        let options = self.options.into_iter().map(option).collect();
        Body::Poll { question: self.question, options, multiple: self.multiple, closed: false, state }
    }
}

impl Note {
    /// Places of the messages that it concerns: its target, and edits of that which go with it.
    pub(crate) fn targets(&self) -> Vec<Seq> {
        let edits = match &self.what {
            What::Delete { edits } => edits.as_slice(),
            _ => &[],
        };
        edits.iter().chain([&self.target]).map(|target| target.seq).collect()
    }
}

impl Ref {
    pub(crate) fn new(seq: Seq, sender: AccountId, id: EntryId) -> Self {
        Self { seq, sender, id }
    }

    /// From how an item is called; `me` is whose own items have keys without an account. Nothing for what is no message.
    pub(crate) fn of(target: &Target, me: AccountId) -> Option<Self> {
        let (sender, id) = match target.key.split_once('.') {
            Some((sender, id)) => (sender.parse().ok()?, id),
            None => (me, target.key.as_str()),
        };
        Some(Self { seq: target.seq, sender, id: id.parse().ok()? })
    }

    /// Key of the item.
    pub(crate) fn key(&self, me: AccountId) -> String {
        if self.sender == me { self.id.to_string() } else { format!("{}.{}", self.sender, self.id) }
    }
}

/// Whether a preview may be sent and shown.
pub(crate) fn is_preview(preview: &Preview) -> bool {
    let (url, title, description) = PREVIEW_BYTES;
    let web = ["https://", "http://"].iter().any(|scheme| preview.url.starts_with(scheme));
    let plain = preview.url.chars().all(|c| !c.is_whitespace() && !waxwing_wire::text::is_hidden(c));
    web && plain
        && preview.url.len() <= url
        && preview.title.len() <= title
        && preview.description.len() <= description
}
