//! Valid bytes, altered: what property tests feed to decoders, since bytes made of nothing never get past the first header.

use proptest::{prelude::*, sample::Index};

/// One alteration.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Append(Vec<u8>),
    /// Some bytes once more, elsewhere.
    Copy(Index, Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        at().prop_map(Edit::Remove),
        at().prop_map(Edit::Cut),
        proptest::collection::vec(any::<u8>(), 1..9).prop_map(Edit::Append),
        (at(), at(), 1..32_u8).prop_map(|(from, to, len)| Edit::Copy(from, to, len)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: Edit) {
    if let Edit::Append(more) = &edit {
        return bytes.extend(more);
    }
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    match edit {
        Edit::Set(at, byte) => bytes[at.index(len)] = byte,
        Edit::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
        Edit::Insert(at, byte) => bytes.insert(at.index(len), byte),
        Edit::Remove(at) => drop(bytes.remove(at.index(len))),
        Edit::Cut(at) => bytes.truncate(at.index(len)),
        Edit::Append(_) => {}
        Edit::Copy(from, to, count) => {
            let from = from.index(len);
            let piece = bytes[from..len.min(from + usize::from(count))].to_vec();
            let to = to.index(len);
            bytes.splice(to..to, piece);
        }
    }
}

/// `valid` after one to three alterations; never `valid` itself.
pub(crate) fn altered(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let original = valid.clone();
    proptest::collection::vec(edit(), 1..4)
        .prop_map(move |edits| {
            let mut bytes = valid.clone();
            edits.into_iter().for_each(|edit| apply(&mut bytes, edit));
            bytes
        })
        .prop_filter("altered", move |bytes| *bytes != original)
}
