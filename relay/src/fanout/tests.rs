//! Order, lag and subscription of fan-out.

use std::time::Duration;

use waxwing_wire::{
    EntryId, Opaque,
    admin::Statistics,
    decode,
    frame::{AccountEvent, EntryKind, LogEntry},
};

use super::*;
use crate::store::{Ended, StoreError};

const ROOM: RoomId = RoomId([9; 16]);

fn entry(seq: u64, bytes: usize) -> Notice {
    let entry = LogEntry {
        seq,
        kind: EntryKind::Message,
        after: 0,
        sender: AccountId([1; 16]),
        id: EntryId([2; 16]),
        bytes: Opaque(vec![0; bytes]),
        digest: None,
        received_at_ms: 0,
    };
    Notice::Entry { room: ROOM, entry, permit: None }
}

fn ended(account: AccountId, which: Ended) -> Notice {
    Notice::Ended { account, which, reason: EndReason::Ended }
}

fn summary(last_seq: u64) -> RoomSummary {
    RoomSummary { room: ROOM, last_seq, last_commit: 0, own: None }
}

fn drain(inbox: &Inbox) -> Vec<Event> {
    std::iter::from_fn(|| inbox.try_next())
        .map(|wake| match wake {
            Wake::Frame(frame) => match decode(&frame).unwrap() {
                ServerFrame::Event(event) => event,
                other => panic!("{other:?}"),
            },
            Wake::Cut(why) => panic!("{why:?}"),
        })
        .collect()
}

fn register(fanout: &Arc<Fanout>) -> (Registration, Inbox) {
    fanout.register(AccountId([1; 16]), SessionId([0; 16]), false).unwrap()
}

#[test]
fn a_queue_that_is_full_turns_into_news_and_recovers() {
    let fanout = Arc::new(Fanout::default());
    let (registration, inbox) = register(&fanout);
    fanout.activate(&registration, vec![ROOM]);
    let sent = u64::try_from(limits::EVENT_QUEUE).unwrap() + 100;
    for seq in 1..=sent {
        fanout.publish(entry(seq, 10));
    }
    let events = drain(&inbox);
    let pushed: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Entry { entry, .. } = event { Some(entry.seq) } else { None })
        .collect();
    assert_eq!(pushed, (1..=sent - 100).collect::<Vec<_>>());
    assert_eq!(events.last(), Some(&Event::News { room: ROOM, last_seq: sent }));
    fanout.publish(entry(sent + 1, 10));
    assert!(matches!(drain(&inbox).as_slice(), [Event::Entry { .. }]), "pushes go on after the news");
}

#[test]
fn bytes_count_too() {
    let fanout = Arc::new(Fanout::default());
    let (registration, inbox) = register(&fanout);
    fanout.activate(&registration, vec![ROOM]);
    for seq in 1..=10 {
        fanout.publish(entry(seq, limits::EVENT_QUEUE_BYTES / 4));
    }
    let events = drain(&inbox);
    assert_eq!(events.len(), 4, "three fit, the rest is news");
    assert_eq!(events.last(), Some(&Event::News { room: ROOM, last_seq: 10 }));
}

#[test]
fn changes_before_hello_correct_what_was_read() {
    let fanout = Arc::new(Fanout::default());
    let (registration, inbox) = register(&fanout);
    let account = AccountId([1; 16]);
    fanout.publish(Notice::Left { account, room: ROOM });
    // The rooms were read before the account left.
    fanout.activate(&registration, vec![ROOM]);
    fanout.publish(entry(1, 10));
    assert_eq!(drain(&inbox), vec![]);
    fanout.publish(Notice::Joined { account, summary: summary(1) });
    fanout.publish(entry(2, 10));
    let events = drain(&inbox);
    assert_eq!(events.first(), Some(&Event::RoomAdded(summary(1))));
    assert_eq!(events.len(), 2);
}

#[test]
fn nothing_is_left_behind_by_a_stream_that_ends() {
    let fanout = Arc::new(Fanout::default());
    let (registration, _inbox) = register(&fanout);
    fanout.activate(&registration, vec![ROOM]);
    drop(registration);
    let state = fanout.lock();
    assert!(state.streams.is_empty() && state.accounts.is_empty() && state.rooms.is_empty());
}

#[test]
fn an_account_has_a_limited_number_of_streams() {
    let fanout = Arc::new(Fanout::default());
    let all: Vec<_> = (0..limits::STREAMS_PER_ACCOUNT).map(|_| stream_of(&fanout, 1, 1)).collect();
    let (newest, inbox) = stream_of(&fanout, 1, 1);
    assert_eq!(all[0].1.cut(), Some(Cut::Replaced), "the oldest gave way");
    assert!(all[1..].iter().all(|(_, other)| other.cut().is_none()));
    assert_eq!(fanout.count(), limits::STREAMS_PER_ACCOUNT);
    fanout.publish(entry(1, 10));
    assert_eq!(drain(&inbox).len(), 1);
    assert!(!fanout.signal(&all[0].0, ROOM, Opaque(vec![7])), "it is out");
    drop((all, newest));
    assert_eq!(fanout.count(), 0);
}

#[test]
fn a_session_with_many_streams_does_not_push_out_another() {
    let fanout = Arc::new(Fanout::default());
    let (_own, own) = stream_of(&fanout, 1, 1);
    let mut thief = Vec::new();
    for _ in 0..3 * limits::STREAMS_PER_ACCOUNT {
        thief.push(stream_of(&fanout, 1, 2));
    }
    assert_eq!(own.cut(), None, "the oldest of all, but of a session with one");
    let (_second, second) = stream_of(&fanout, 1, 1);
    assert_eq!((own.cut(), second.cut()), (None, None), "nor does it keep another one out");
}

#[test]
fn a_cut_goes_before_everything_queued() {
    let fanout = Arc::new(Fanout::default());
    let (registration, inbox) = register(&fanout);
    fanout.activate(&registration, vec![ROOM]);
    fanout.publish(entry(1, 10));
    fanout.publish(ended(AccountId([1; 16]), Ended::One(SessionId([0; 16]))));
    assert_eq!(inbox.try_next(), Some(Wake::Cut(Cut::SessionEnded(EndReason::Ended))));
}

fn stream_of(fanout: &Arc<Fanout>, account: u8, session: u8) -> (Registration, Inbox) {
    let (registration, inbox) =
        fanout.register(AccountId([account; 16]), SessionId([session; 16]), false).unwrap();
    fanout.activate(&registration, vec![ROOM]);
    (registration, inbox)
}

#[test]
fn signals_go_to_the_others_who_keep_up() {
    let fanout = Arc::new(Fanout::default());
    let (from, own) = stream_of(&fanout, 1, 1);
    let (_other, inbox) = stream_of(&fanout, 2, 2);
    let signal = || fanout.signal(&from, ROOM, Opaque(vec![7]));
    assert!(signal());
    let event = Event::Signal { room: ROOM, sender: AccountId([1; 16]), bytes: Opaque(vec![7]) };
    assert_eq!(drain(&inbox), [event]);
    assert_eq!(drain(&own), []);
    for _ in 0..limits::EVENT_QUEUE {
        assert!(signal());
    }
    fanout.publish(entry(1, 10));
    let events = drain(&inbox);
    assert_eq!(events.len(), limits::EVENT_QUEUE / 2 + 1, "signals leave room for what matters");
    assert!(matches!(events.last(), Some(Event::Entry { .. })));
    fanout.publish(Notice::Left { account: AccountId([1; 16]), room: ROOM });
    assert!(!signal(), "who is no member signals nothing");
    assert!(!fanout.signal(&from, RoomId([8; 16]), Opaque(vec![7])));
}

#[test]
fn ending_other_sessions_leaves_one_and_other_accounts() {
    let fanout = Arc::new(Fanout::default());
    let (_kept, kept) = stream_of(&fanout, 1, 1);
    let (_gone, gone) = stream_of(&fanout, 1, 2);
    let (_foreign, foreign) = stream_of(&fanout, 2, 2);
    fanout.publish(ended(AccountId([1; 16]), Ended::AllBut(SessionId([1; 16]))));
    assert_eq!(gone.try_next(), Some(Wake::Cut(Cut::SessionEnded(EndReason::Ended))));
    assert_eq!((kept.try_next(), foreign.try_next()), (None, None));
}

#[tokio::test]
async fn only_who_still_administrates_watches_the_numbers() {
    let fanout = Arc::new(Fanout::default());
    let (registration, inbox) = register(&fanout);
    let stream = registration.stream();
    // What the store answers, one time after the other: the account may be demoted in between.
    for (answers, told) in [
        ([Ok(true), Ok(true)], 1),
        ([Ok(true), Ok(false)], 0),
        ([Ok(true), Err(StoreError::Unavailable)], 0),
        ([Ok(false), Ok(false)], 0),
    ] {
        let asked = std::cell::RefCell::new(answers.into_iter());
        let result = fanout
            .watch_if(stream, true, || std::future::ready(asked.borrow_mut().next().expect("asked twice")))
            .await;
        assert_eq!((result.is_ok(), fanout.is_watched()), (told == 1, told == 1));
        fanout.show(&Statistics::default());
        assert_eq!(drain(&inbox).len(), told);
    }
}

#[test]
fn one_session_is_live_and_is_taken_over_after_a_while() {
    let fanout = Arc::new(Fanout::default());
    let account = AccountId([1; 16]);
    let (desk, at_desk) = stream_of(&fanout, 1, 1);
    let (phone, at_phone) = stream_of(&fanout, 1, 2);
    let (other, at_other) = stream_of(&fanout, 2, 3);
    let now = Instant::now();
    assert_eq!(fanout.claim_at(&other, true, now), Ok(()));
    assert_eq!(fanout.claim_at(&desk, true, now), Ok(()), "nobody was there, so nothing was taken over");
    assert_eq!(fanout.live_sessions(account), HashSet::from([SessionId([1; 16])]));
    assert_eq!(fanout.claim_at(&phone, false, now), Err(Displaced { wait: None }));
    assert_eq!((at_desk.cut(), at_phone.cut()), (None, None), "asking changes nothing");
    assert_eq!(fanout.claim_at(&phone, true, now), Ok(()));
    assert_eq!(at_desk.cut(), Some(Cut::Displaced));

    let (back, _) = stream_of(&fanout, 1, 1);
    let early = now + limits::TAKE_OVER - Duration::from_millis(1);
    assert_eq!(fanout.claim_at(&back, true, early), Err(Displaced { wait: Some(Duration::from_millis(1)) }));
    assert_eq!(fanout.claim_at(&back, true, now + limits::TAKE_OVER), Ok(()));
    assert_eq!((at_phone.cut(), at_other.cut()), (Some(Cut::Displaced), None));
    drop(back);
    assert_eq!(fanout.claim_at(&phone, false, now), Ok(()), "whoever is gone holds nobody up");
    assert_eq!(fanout.online().len(), 2);
}

#[test]
fn an_approval_reaches_streams_that_wait() {
    let fanout = Arc::new(Fanout::default());
    let account = AccountId([1; 16]);
    let (waiting, inbox) = fanout.register(account, SessionId([1; 16]), true).unwrap();
    assert!(waiting.is_pending());
    fanout.publish(Notice::Account { account, event: AccountEvent::TotpReset });
    assert!(waiting.is_pending(), "something else happened");
    fanout.publish(Notice::Account { account, event: AccountEvent::Approved });
    assert!(!waiting.is_pending());
    let told = [AccountEvent::TotpReset, AccountEvent::Approved].map(Event::Account);
    assert_eq!(drain(&inbox), told);
}
