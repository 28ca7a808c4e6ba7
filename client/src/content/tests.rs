use super::*;

fn all() -> Vec<Content> {
    let account = AccountId([1; 16]);
    let target = Ref::new(7, account, EntryId([2; 16]));
    let preview =
        Preview { url: "https://example.org/".into(), title: "Example".into(), description: String::new() };
    let note = |what| Content::Note(Note { target, what });
    vec![
        Content::Text(Text { text: "hé 👋".into(), ..Text::default() }),
        Content::Text(Text {
            text: "all of it".into(),
            reply: Some(target),
            mentions: vec![account],
            forwarded: true,
            preview: Some(preview),
        }),
        Content::Profile("Mira".into()),
        note(What::Edit { text: "better".into(), mentions: vec![account] }),
        note(What::Edit { text: "better".into(), mentions: Vec::new() }),
        note(What::Delete { edits: Vec::new() }),
        note(What::Delete { edits: vec![target] }),
        note(What::React { emoji: "👍".into(), on: true }),
        note(What::Pin { on: false }),
        Content::Poll(Poll {
            question: "When?".into(),
            options: vec!["Now".into(), "Later".into()],
            multiple: true,
        }),
        note(What::Vote { choices: vec![0, 1] }),
        note(What::Vote { choices: Vec::new() }),
        note(What::Close),
    ]
}

#[test]
fn bodies_round_trip_and_nothing_trails() {
    for content in all() {
        let (kind, mut body) = content.encode();
        assert_eq!(Content::decode(kind, &body).as_ref(), Some(&content));
        body.push(0);
        assert_eq!(Content::decode(kind, &body), None);
    }
    assert_eq!(Content::decode(99, b"whatever"), Some(Content::Unknown));
}

#[test]
fn a_plain_text_is_an_array_of_one() {
    let (_, body) = Content::Text(Text { text: "a".into(), ..Text::default() }).encode();
    assert_eq!(body, [0x81, 0x61, b'a']);
    // The same text with a reply that is nothing, an empty list of mentions, or a length in two bytes.
    let others: [&[u8]; 4] = [
        &[0x82, 0x61, b'a', 0xf6],
        &[0x83, 0x61, b'a', 0xf6, 0x80],
        &[0x84, 0x61, b'a', 0xf6, 0xf6, 0xf4],
        &[0x81, 0x78, 1, b'a'],
    ];
    for other in others {
        assert_eq!(Content::decode(1, other), None, "{other:02x?}");
    }
}

#[test]
fn what_nobody_can_mean_is_refused() {
    let target = Ref::new(7, AccountId([1; 16]), EntryId([2; 16]));
    let note = |what| Content::Note(Note { target, what });
    let poll = |question: &str, options: &[&str]| {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Content::Poll(Poll { question: question.into(), options, multiple: false })
    };
    let preview = |url: &str| {
        let preview = Preview { url: url.into(), title: String::new(), description: String::new() };
        Content::Text(Text { text: "x".into(), preview: Some(preview), ..Text::default() })
    };
    let wrong = [
        note(What::React { emoji: "no emoji".into(), on: true }),
        note(What::Vote { choices: vec![1, 0] }),
        note(What::Vote { choices: vec![1, 1] }),
        note(What::Delete { edits: vec![target; EDITS + 1] }),
        note(What::Edit { text: "x".into(), mentions: vec![AccountId([1; 16]); MENTIONS + 1] }),
        note(What::Edit { text: "x".repeat(waxwing_wire::limits::TEXT_BYTES + 1), mentions: Vec::new() }),
        poll("When?", &["Now"]),
        poll("When?", &["Now", "Now"]),
        poll(" ", &["Now", "Later"]),
        poll("When?", &["Now", " "]),
        poll("When?", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"]),
        preview("javascript:alert(1)"),
        preview("https://a b"),
        preview("https://a\u{202e}b"),
    ];
    for content in wrong {
        let (kind, body) = content.encode();
        assert_eq!(Content::decode(kind, &body), None, "{content:?} {kind}");
    }
}

#[test]
fn a_message_is_named_by_the_key_of_its_item() {
    let (me, other, id) = (AccountId([1; 16]), AccountId([2; 16]), EntryId([3; 16]));
    for sender in [me, other] {
        let named = Ref::new(7, sender, id);
        assert_eq!(Ref::of(&Target { key: named.key(me), seq: 7 }, me), Some(named));
    }
    for key in ["created", "7.0", "", "."] {
        assert_eq!(Ref::of(&Target { key: key.into(), seq: 7 }, me), None);
    }
}
