//! Marks of members, and who is there.

mod support;

use std::time::Duration;

use support::{
    account::{Person, people},
    requests::append,
    rooms::{accepted, adding, appended, create},
    start_with,
    stream::Stream,
};
use waxwing_relay::config::Sessions;
use waxwing_wire::{
    AccountId, Opaque, ProblemCode, RoomId,
    frame::{Event, Presence, Request, Response},
    limits as shared,
};

fn mark(text: &str) -> Option<Opaque> {
    Some(Opaque(text.as_bytes().to_vec()))
}

fn put(room: RoomId, shared: Option<Opaque>, own: Option<Opaque>) -> Request {
    Request::PutMarks { room, shared, own }
}

async fn ok(stream: &mut Stream, request: Request) {
    assert_eq!(stream.ask(request).await, Ok(Response::Done));
}

async fn marks(stream: &mut Stream, room: RoomId) -> (Vec<(AccountId, Opaque)>, Option<Opaque>) {
    match stream.ask(Request::Marks(room)).await {
        Ok(Response::Marks { shared, own }) => (shared, own),
        other => panic!("{other:?}"),
    }
}

/// The next event of marks or presence.
async fn next(stream: &mut Stream) -> Event {
    loop {
        let event = stream.event().await;
        if matches!(
            event,
            Event::Mark { .. } | Event::OwnMark { .. } | Event::Presence(_) | Event::AccountDataChanged
        ) {
            return event;
        }
    }
}

/// Nothing of marks or presence came until now.
async fn nothing(stream: &mut Stream) {
    ok(stream, Request::Ping).await;
    let told =
        |event: &Event| matches!(event, Event::Mark { .. } | Event::OwnMark { .. } | Event::Presence(_));
    assert!(!stream.events.iter().any(told), "{:?}", stream.events);
}

struct Scene {
    running: support::Running,
    mira: Person,
    /// Another session of Mira's.
    other: Person,
    jon: Person,
    ada: Person,
}

async fn scene() -> Scene {
    let running = start_with(|config| config.sessions = Sessions::Multi).await;
    let [mira, jon, ada] = people(&running, ["mira", "jon", "ada"]).await;
    let (other, _) = mira.again(1).await;
    Scene { running, mira, other, jon, ada }
}

#[tokio::test]
async fn marks_reach_members_and_other_sessions_and_the_newest_is_kept() {
    let scene = scene().await;
    let mut of_mira = scene.mira.stream().await;
    let mut elsewhere = scene.other.stream().await;
    let (mut of_jon, mut of_ada) = (scene.jon.stream().await, scene.ada.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, scene.jon.id)).await;
    ok(&mut of_mira, put(room, mark("one"), mark("own one"))).await;
    let told = Event::Mark { room, account: scene.mira.id, shared: mark("one").unwrap() };
    assert_eq!(next(&mut of_jon).await, told);
    assert_eq!(next(&mut elsewhere).await, told, "the account's other sessions too");
    assert_eq!(next(&mut elsewhere).await, Event::OwnMark { room, own: mark("own one").unwrap() });
    nothing(&mut of_mira).await;
    nothing(&mut of_jon).await;
    nothing(&mut of_ada).await;
    // One of them may be put alone; the other stays.
    ok(&mut of_mira, put(room, mark("two"), None)).await;
    ok(&mut of_jon, put(room, mark("of jon"), mark("own of jon"))).await;
    let (shared, own) = marks(&mut elsewhere, room).await;
    let mut expected = vec![(scene.mira.id, mark("two").unwrap()), (scene.jon.id, mark("of jon").unwrap())];
    expected.sort_by_key(|(account, _)| *account);
    assert_eq!((shared, own), (expected, mark("own one")));
    let (_, rooms) = scene.mira.stream_from(vec![]).await;
    assert_eq!(rooms[0].own, mark("own one"), "it comes with the greeting");
    // Whoever is not a member neither puts nor reads, and loses them with the membership.
    assert_eq!(of_ada.refused(put(room, mark("x"), None)).await, ProblemCode::NotFound);
    assert_eq!(of_ada.refused(Request::Marks(room)).await, ProblemCode::NotFound);
    let mut out = adding(room, 1, 2, scene.ada.id);
    (out.add, out.remove, out.welcomes) = (vec![], vec![scene.jon.id], vec![]);
    accepted(&mut of_mira, out).await;
    assert_eq!(of_jon.refused(put(room, mark("x"), None)).await, ProblemCode::NotFound);
    assert_eq!(marks(&mut of_mira, room).await.0, [(scene.mira.id, mark("two").unwrap())]);
    let left: i64 =
        scene.running.database().query_row("SELECT count(*) FROM marks", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn marks_have_limits_and_rates() {
    let scene = scene().await;
    let mut of_mira = scene.mira.stream().await;
    let room = create(&mut of_mira).await;
    let of = |bytes: usize| Some(Opaque(vec![1; bytes]));
    for wrong in
        [put(room, of(shared::SHARED_MARK_BYTES + 1), None), put(room, None, of(shared::OWN_MARK_BYTES + 1))]
    {
        assert_eq!(of_mira.refused(wrong).await, ProblemCode::TooLarge);
    }
    assert_eq!(of_mira.refused(put(room, of(0), None)).await, ProblemCode::Invalid);
    ok(&mut of_mira, put(room, of(shared::SHARED_MARK_BYTES), of(shared::OWN_MARK_BYTES))).await;
    let mut refused = None;
    for _ in 0..200 {
        if let Err(problem) = of_mira.ask(put(room, of(10), None)).await {
            refused = Some(problem.code);
            break;
        }
    }
    assert_eq!(refused, Some(ProblemCode::RateLimited));
}

async fn watch(stream: &mut Stream, accounts: &[AccountId]) -> Vec<Presence> {
    match stream.ask(Request::WatchPresence(accounts.to_vec())).await {
        Ok(Response::Presence(people)) => people,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn presence_is_told_to_those_who_share_a_room_and_tell_theirs() {
    let scene = scene().await;
    let (mut of_mira, mut of_ada) = (scene.mira.stream().await, scene.ada.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, scene.jon.id)).await;
    let jon = scene.jon.id;
    // Who was only brought in, and has said nothing, shows nothing: neither that it is there, nor when it was.
    assert_eq!(watch(&mut of_mira, &[jon]).await, []);
    let mut silent = scene.jon.stream().await;
    assert_eq!(watch(&mut of_mira, &[jon]).await, []);
    nothing(&mut of_mira).await;
    appended(&mut silent, append(room, 1, "hello")).await;
    assert_eq!(
        next(&mut of_mira).await,
        Event::Presence(Presence { account: jon, online: true, last_seen_ms: None })
    );
    drop(silent);
    assert!(matches!(next(&mut of_mira).await, Event::Presence(Presence { online: false, .. })));
    let away = watch(&mut of_mira, &[jon, jon, scene.mira.id]).await;
    assert_eq!(away.len(), 1, "{away:?}");
    assert!(!away[0].online && away[0].last_seen_ms.is_some_and(|at| at % 60_000 == 0));
    assert_eq!(watch(&mut of_ada, &[jon, scene.mira.id]).await, [], "no room in common");
    let here = Presence { account: jon, online: true, last_seen_ms: None };
    let of_jon = scene.jon.stream().await;
    assert_eq!(next(&mut of_mira).await, Event::Presence(here));
    // A second stream of the same account changes nothing, nor does the end of one of two.
    let mut second = scene.jon.stream().await;
    drop(of_jon);
    tokio::time::sleep(Duration::from_millis(200)).await;
    nothing(&mut of_mira).await;
    assert_eq!(watch(&mut of_mira, &[jon]).await, [here]);
    // Nor is it told to whom one blocks, watching already or not.
    ok(&mut second, Request::PutBlocks(vec![scene.mira.id])).await;
    assert_eq!(next(&mut of_mira).await, Event::Presence(Presence { online: false, ..here }));
    assert_eq!(watch(&mut of_mira, &[jon]).await, []);
    nothing(&mut of_mira).await;
    ok(&mut second, Request::PutBlocks(vec![])).await;
    assert_eq!(next(&mut of_mira).await, Event::Presence(here));
    assert_eq!(watch(&mut of_mira, &[jon]).await, [here]);
    // Who does not tell it is shown to nobody, and told of nobody.
    ok(&mut second, Request::SharePresence(false)).await;
    assert_eq!(next(&mut of_mira).await, Event::Presence(Presence { online: false, ..here }));
    assert_eq!(watch(&mut of_mira, &[jon]).await, []);
    assert_eq!(watch(&mut second, &[scene.mira.id]).await, []);
    ok(&mut second, Request::SharePresence(false)).await;
    nothing(&mut of_mira).await;
    ok(&mut second, Request::SharePresence(true)).await;
    assert_eq!(next(&mut of_mira).await, Event::Presence(here));
    drop(second);
    match next(&mut of_mira).await {
        Event::Presence(Presence { account, online: false, last_seen_ms: Some(at) }) => {
            assert_eq!((account, at % 60_000), (jon, 0));
        }
        other => panic!("{other:?}"),
    }
    nothing(&mut of_ada).await;
    let many = vec![jon; shared::WATCHED_ACCOUNTS + 1];
    assert_eq!(of_ada.refused(Request::WatchPresence(many)).await, ProblemCode::LimitReached);
    // The rooms were left: there is nothing in common any more.
    let mut of_jon = scene.jon.stream().await;
    assert_eq!(next(&mut of_mira).await, Event::Presence(here));
    appended(&mut of_mira, append(room, 1, "hello, too")).await;
    assert_eq!(watch(&mut of_jon, &[scene.mira.id]).await.len(), 1);
    let mut out = adding(room, 1, 2, scene.ada.id);
    (out.add, out.remove, out.welcomes) = (vec![], vec![jon], vec![]);
    accepted(&mut of_mira, out).await;
    // Streams hear of a removal after whoever made it was answered, and then see each other go.
    while of_jon.event().await != Event::RoomRemoved(room) {}
    let gone = Presence { online: false, ..here };
    assert_eq!(next(&mut of_mira).await, Event::Presence(gone));
    assert_eq!(next(&mut of_jon).await, Event::Presence(Presence { account: scene.mira.id, ..gone }));
    drop(of_jon);
    tokio::time::sleep(Duration::from_millis(200)).await;
    nothing(&mut of_mira).await;
    assert_eq!(watch(&mut of_mira, &[jon]).await, []);
}

#[tokio::test]
async fn other_sessions_hear_that_account_objects_changed() {
    use waxwing_wire::{frame::AccountDatum, ids::DataName};
    let scene = scene().await;
    let (mut of_mira, mut elsewhere) = (scene.mira.stream().await, scene.other.stream().await);
    let name = DataName([7; 16]);
    let datum = AccountDatum { name, version: 1, bytes: Opaque(vec![1]) };
    ok(&mut of_mira, Request::PutAccountData(datum)).await;
    assert_eq!(next(&mut elsewhere).await, Event::AccountDataChanged);
    ok(&mut of_mira, Request::DropAccountData(vec![name])).await;
    assert_eq!(next(&mut elsewhere).await, Event::AccountDataChanged);
    ok(&mut of_mira, Request::Ping).await;
    assert!(!of_mira.events.contains(&Event::AccountDataChanged), "not the one that did it");
}
