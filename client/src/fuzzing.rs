//! What fuzzers reach: bodies of messages, behind a seal and a signature. For tests only.

use waxwing_wire::{AccountId, EntryId};

use crate::{
    api::{Body, Item, Sending},
    content::{Content, Poll, Ref},
    room::notes::{Noted, Part, folded},
};

/// Members who say something about a message; the first wrote it.
const MEMBERS: u8 = 4;
/// Number of the message.
const PLACE: u64 = 7;

fn account(n: u8) -> AccountId {
    AccountId([n % MEMBERS; 16])
}

fn item(n: u8, body: Body) -> Item {
    let key = Ref::new(PLACE, account(0), EntryId([n; 16])).key(account(1));
    Item::plain((key, Some(PLACE)), 0, (account(0).to_string(), false), body)
}

/// Reads a body of any kind. What is accepted is written as these very bytes.
///
/// # Panics
/// When it could be written in another way.
pub fn content(kind: u16, body: &[u8]) -> bool {
    let Some(content) = Content::decode(kind, body) else { return false };
    assert!(
        content == Content::Unknown || content.encode() == (kind, body.to_vec()),
        "two forms of one body"
    );
    true
}

/// Puts a text and a poll together with whatever notes decode; each comes with the number of its author and its kind.
///
/// # Panics
/// When somebody has an effect that is not theirs to have.
pub fn notes(all: &[(u8, u8, &[u8])]) {
    let noted: Vec<Noted> = all
        .iter()
        .filter_map(|(by, kind, body)| match Content::decode((*kind).into(), body)? {
            Content::Note(note) => {
                let (by, id) = (account(*by), EntryId([0; 16]));
                Some(Noted { by, id, source: 0, at: 1, note, allowed: false, part: Part::Whole })
            }
            _ => None,
        })
        .collect();
    let options = ["A", "B", "C"].map(String::from).into();
    let poll = Poll { question: "?".into(), options, multiple: false }.body(Sending::Sent);
    for item in [item(1, Body::Text { text: "text".into(), state: Sending::Sent }), item(2, poll)] {
        let told: Vec<&Noted> = noted.iter().filter(|one| one.by != account(0)).collect();
        let by_others = folded(item.clone(), told.into_iter(), account(1)).expect("no edit");
        assert!(!by_others.pinned && by_others.edited.is_none(), "not theirs");
        assert!(
            matches!(by_others.body, Body::Text { ref text, .. } if text == "text")
                || matches!(by_others.body, Body::Poll { closed: false, .. })
        );
        let by_all = folded(item, noted.iter(), account(1)).expect("no edit");
        assert!(by_all.reactions.len() <= 64);
        for reaction in &by_all.reactions {
            let mut accounts = reaction.accounts.clone();
            accounts.sort_unstable();
            accounts.dedup();
            assert!(!accounts.is_empty() && accounts.len() == reaction.accounts.len(), "each once");
        }
        if let Body::Poll { options, .. } = &by_all.body {
            let votes: usize = options.iter().map(|option| option.accounts.len()).sum();
            assert!(votes <= MEMBERS.into(), "one vote each");
        }
    }
}
