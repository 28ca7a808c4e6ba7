//! Bodies as they are encoded.

use minicbor::{Decode, Encode};
use waxwing_wire::{AccountId, EntryId, Seq, decode, encode, limits::TEXT_BYTES};

use super::{
    Content, EDITS, MENTIONS, Note, OPTION_BYTES, OPTIONS, PROFILE_KIND, QUESTION_BYTES, Text, What,
    is_emoji, is_preview,
};
use crate::api::Preview;

/// A message by its place in the log, its author and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
pub(crate) struct Ref {
    #[n(0)]
    pub(crate) seq: Seq,
    #[n(1)]
    pub(crate) sender: AccountId,
    #[n(2)]
    pub(crate) id: EntryId,
}

/// A question with answers to choose from.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Poll {
    #[n(0)]
    pub(crate) question: String,
    #[n(1)]
    pub(crate) options: Vec<String>,
    #[n(2)]
    pub(crate) multiple: bool,
}

impl std::fmt::Debug for Poll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Poll({} answers)", self.options.len())
    }
}

impl Poll {
    /// Whether it has something to choose from, and is not too long.
    pub(crate) fn is_valid(&self) -> bool {
        let filled = |text: &String, most| !text.trim().is_empty() && text.len() <= most;
        let different = self
            .options
            .iter()
            .enumerate()
            .all(|(n, one)| !self.options.iter().skip(n.saturating_add(1)).any(|other| other == one));
        filled(&self.question, QUESTION_BYTES)
            && OPTIONS.contains(&self.options.len())
            && self.options.iter().all(|option| filled(option, OPTION_BYTES))
            && different
    }
}

#[derive(Encode, Decode)]
struct TextBody {
    #[n(0)]
    text: String,
    #[n(1)]
    reply: Option<Ref>,
    #[n(2)]
    mentions: Option<Vec<AccountId>>,
    #[n(3)]
    forwarded: Option<bool>,
    #[n(4)]
    preview: Option<PreviewBody>,
}

#[derive(Encode, Decode)]
struct PreviewBody {
    #[n(0)]
    url: String,
    #[n(1)]
    title: String,
    #[n(2)]
    description: String,
}

#[derive(Encode, Decode)]
struct ProfileBody {
    #[n(0)]
    name: String,
}

#[derive(Encode, Decode)]
struct EditBody {
    #[n(0)]
    target: Ref,
    #[n(1)]
    text: String,
    #[n(2)]
    mentions: Option<Vec<AccountId>>,
}

#[derive(Encode, Decode)]
struct DeleteBody {
    #[n(0)]
    target: Ref,
    #[n(1)]
    edits: Option<Vec<Ref>>,
}

#[derive(Encode, Decode)]
struct ReactBody {
    #[n(0)]
    target: Ref,
    #[n(1)]
    emoji: String,
    #[n(2)]
    on: bool,
}

#[derive(Encode, Decode)]
struct PinBody {
    #[n(0)]
    target: Ref,
    #[n(1)]
    on: bool,
}

#[derive(Encode, Decode)]
struct VoteBody {
    #[n(0)]
    target: Ref,
    #[n(1)]
    choices: Vec<u32>,
}

#[derive(Encode, Decode)]
struct CloseBody {
    #[n(0)]
    target: Ref,
}

/// An empty list is left out, so that a body has one form.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

impl Content {
    /// Kind and encoded body.
    pub(crate) fn encode(&self) -> (u16, Vec<u8>) {
        match self.clone() {
            Self::Text(Text { text, reply, mentions, forwarded, preview }) => {
                let body = |Preview { url, title, description }| PreviewBody { url, title, description };
                let (mentions, forwarded) = (some(mentions), forwarded.then_some(true));
                (1, encode(&TextBody { text, reply, mentions, forwarded, preview: preview.map(body) }))
            }
            Self::Profile(name) => (PROFILE_KIND, encode(&ProfileBody { name })),
            Self::Poll(poll) => (7, encode(&poll)),
            Self::Note(note) => note.encode(),
            Self::Unknown => (0, Vec::new()),
        }
    }

    /// Reads a body; nothing when it is not what its kind says, or could be written in another way.
    pub(crate) fn decode(kind: u16, body: &[u8]) -> Option<Self> {
        let content = match kind {
            1 => Self::Text(Text::read(body)?),
            PROFILE_KIND => Self::Profile(decode::<ProfileBody>(body).ok()?.name),
            7 => Self::Poll(decode(body).ok().filter(Poll::is_valid)?),
            3..=6 | 8 | 9 => Self::Note(Note::read(kind, body)?),
            _ => return Some(Self::Unknown),
        };
        (content.encode() == (kind, body.to_vec())).then_some(content)
    }
}

impl Text {
    fn read(body: &[u8]) -> Option<Self> {
        let TextBody { text, reply, mentions, forwarded, preview } = decode(body).ok()?;
        let preview =
            preview.map(|PreviewBody { url, title, description }| Preview { url, title, description });
        let (mentions, forwarded) = (mentions.unwrap_or_default(), forwarded.unwrap_or_default());
        let fits = mentions.len() <= MENTIONS && preview.as_ref().is_none_or(is_preview);
        fits.then_some(Self { text, reply, mentions, forwarded, preview })
    }
}

impl Note {
    fn encode(self) -> (u16, Vec<u8>) {
        let target = self.target;
        match self.what {
            What::Edit { text, mentions } => {
                (3, encode(&EditBody { target, text, mentions: some(mentions) }))
            }
            What::Delete { edits } => (4, encode(&DeleteBody { target, edits: some(edits) })),
            What::React { emoji, on } => (5, encode(&ReactBody { target, emoji, on })),
            What::Pin { on } => (6, encode(&PinBody { target, on })),
            What::Vote { choices } => (8, encode(&VoteBody { target, choices })),
            What::Close => (9, encode(&CloseBody { target })),
        }
    }

    fn read(kind: u16, body: &[u8]) -> Option<Self> {
        let (target, what) = match kind {
            3 => {
                let EditBody { target, text, mentions } = decode(body).ok()?;
                (target, What::Edit { text, mentions: mentions.unwrap_or_default() })
            }
            4 => {
                let DeleteBody { target, edits } = decode(body).ok()?;
                (target, What::Delete { edits: edits.unwrap_or_default() })
            }
            5 => {
                let ReactBody { target, emoji, on } = decode(body).ok()?;
                (target, What::React { emoji, on })
            }
            6 => {
                let PinBody { target, on } = decode(body).ok()?;
                (target, What::Pin { on })
            }
            8 => {
                let VoteBody { target, choices } = decode(body).ok()?;
                (target, What::Vote { choices })
            }
            _ => (decode::<CloseBody>(body).ok()?.target, What::Close),
        };
        what.is_valid().then_some(Self { target, what })
    }
}

impl What {
    fn is_valid(&self) -> bool {
        match self {
            Self::Edit { text, mentions } => text.len() <= TEXT_BYTES && mentions.len() <= MENTIONS,
            Self::Delete { edits } => edits.len() <= EDITS,
            Self::React { emoji, .. } => is_emoji(emoji),
            Self::Vote { choices } => {
                choices.len() <= *OPTIONS.end() && choices.is_sorted_by(|before, after| before < after)
            }
            Self::Pin { .. } | Self::Close => true,
        }
    }
}
