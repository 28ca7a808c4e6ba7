//! What a message body is, by the kind in its metadata.

use minicbor::{Decode, Encode};

/// Kind of [`Content::Profile`].
pub(crate) const PROFILE_KIND: u16 = 2;

/// A message's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Kind 1: a text.
    Text(String),
    /// Kind 2: how the author wants to be called in the room.
    Profile(String),
    /// A kind that this version does not know.
    Unknown,
}

#[derive(Encode, Decode)]
struct TextBody {
    #[n(0)]
    text: String,
}

#[derive(Encode, Decode)]
struct ProfileBody {
    #[n(0)]
    name: String,
}

impl Content {
    /// Kind and encoded body.
    pub(crate) fn encode(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Text(text) => (1, waxwing_wire::encode(&TextBody { text: text.clone() })),
            Self::Profile(name) => (PROFILE_KIND, waxwing_wire::encode(&ProfileBody { name: name.clone() })),
            Self::Unknown => (0, Vec::new()),
        }
    }

    /// Reads a body; nothing when it is not what its kind says.
    pub(crate) fn decode(kind: u16, body: &[u8]) -> Option<Self> {
        match kind {
            1 => waxwing_wire::decode(body).ok().map(|TextBody { text }| Self::Text(text)),
            PROFILE_KIND => waxwing_wire::decode(body).ok().map(|ProfileBody { name }| Self::Profile(name)),
            _ => Some(Self::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_round_trip_and_nothing_trails() {
        for content in [Content::Text("hé 👋".into()), Content::Profile("Mira".into())] {
            let (kind, mut body) = content.encode();
            assert_eq!(Content::decode(kind, &body), Some(content));
            body.push(0);
            assert_eq!(Content::decode(kind, &body), None);
        }
        assert_eq!(Content::decode(99, b"whatever"), Some(Content::Unknown));
    }
}
