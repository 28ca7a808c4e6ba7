//! What the stream does beside the log: statements, candidates, signals, rates, room passwords.

mod support;

use std::time::Duration;

use argon2::Argon2;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, Identifiers, RegistrationResponse,
};
use rand_core::OsRng;
use support::{
    account::{ClientSuite, KSF, argon2, people},
    rooms::{
        METHOD, accepted, adding, append, appended, candidate, commit, create, joining, opening, post, proof,
        random, sealed,
    },
    start, start_with,
    stream::Stream,
};
use waxwing_wire::{
    MethodId, Opaque, Problem, ProblemCode, RoomId,
    frame::{Commit, EntryKind, Event, JoinMethod, Request, Response, RoomPassword},
    ids::{DataName, RoomHandle, RoomLoginId, TokenHash},
    limits as shared,
};

async fn ok(stream: &mut Stream, request: Request) {
    assert_eq!(stream.ask(request).await, Ok(Response::Done));
}

#[tokio::test]
async fn leaving_is_seen_by_the_others_and_ends_the_events() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon, mut other_of_jon) =
        (mira.stream().await, jon.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    other_of_jon.event().await;
    ok(&mut of_mira, Request::Ping).await;
    of_mira.events.clear();
    let leave = post(room, EntryKind::Leave, "goodbye");
    let left = of_jon.ask(Request::Post(leave.clone())).await;
    assert_eq!(left, Ok(Response::Appended { seq: 2 }));
    match of_mira.event().await {
        Event::Entry { entry, .. } => {
            assert_eq!((entry.kind, entry.after, entry.sender), (EntryKind::Leave, 1, jon.id));
            assert_eq!((entry.id, entry.bytes), (leave.id, leave.bytes.clone()));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(other_of_jon.event().await, Event::Entry { entry, .. } if entry.seq == 2));
    assert_eq!(other_of_jon.event().await, Event::RoomRemoved(room));
    assert_eq!(
        of_jon.ask(Request::Post(leave.clone())).await,
        Ok(Response::Appended { seq: 2 }),
        "once more"
    );
    match other_of_jon.ask(Request::OwnLeave(room)).await {
        Ok(Response::OwnLeave(Some(own))) => assert_eq!((own.seq, own.bytes), (2, leave.bytes)),
        other => panic!("{other:?}"),
    }
    assert_eq!(of_jon.refused(Request::Append(append(room, 1, "x"))).await, ProblemCode::NotFound);
    appended(&mut of_mira, append(room, 1, "they are gone")).await;
    ok(&mut other_of_jon, Request::Ping).await;
    assert!(other_of_jon.events.is_empty());
}

#[tokio::test]
async fn candidates_and_older_epochs_reach_who_joins() {
    let running = start().await;
    let [mira, jon, ada] = people(&running, ["mira", "jon", "ada"]).await;
    let (mut of_mira, mut of_jon, mut of_ada) = (mira.stream().await, jon.stream().await, ada.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, opening(room, 0, 1, None)).await;
    accepted(&mut of_jon, joining(room, 1, 2, jon.id)).await;
    ok(&mut of_jon, Request::PutPublished(Box::new(candidate(room, 1, 1)))).await;
    let epoch = candidate(room, 1, 1).epoch;
    match of_mira.ask(Request::Published { room, epoch }).await {
        Ok(Response::Published { links, public_states }) => {
            assert_eq!(links.iter().map(|link| link.author).collect::<Vec<_>>(), [mira.id, jon.id]);
            assert_eq!(public_states, [sealed("public state"), sealed("own public state")]);
        }
        other => panic!("{other:?}"),
    }
    let states = of_jon.ask(Request::PublicState { room, epoch }).await;
    let expected = vec![sealed("own public state"), sealed("public state")];
    assert_eq!(states, Ok(Response::PublicStates(expected)));
    match of_ada.ask(Request::JoinInfo { room, proof: proof(), before: 2 }).await {
        Ok(Response::JoinInfo { epoch: of, commit: 1, last_commit: 2, last_seq: 2, packages, .. }) => {
            assert_eq!((of, packages), (epoch, vec![sealed("package"), sealed("own package")]));
        }
        other => panic!("{other:?}"),
    }
    let none = Request::JoinInfo { room, proof: proof(), before: 0 };
    assert_eq!(of_ada.refused(none).await, ProblemCode::NotFound);
    assert_eq!(of_ada.refused(Request::Published { room, epoch }).await, ProblemCode::NotFound);
    let foreign = Request::PutPublished(Box::new(candidate(room, 1, 1)));
    assert_eq!(of_ada.refused(foreign).await, ProblemCode::NotFound);
}

#[tokio::test]
async fn levels_guard_the_door() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    let mut removing = commit(room, 1, 2);
    removing.remove = vec![mira.id];
    assert_eq!(of_jon.refused(Request::Commit(Box::new(removing))).await, ProblemCode::NotAllowed);
    let opening = Request::Commit(Box::new(opening(room, 1, 2, None)));
    assert_eq!(of_jon.refused(opening).await, ProblemCode::NotAllowed);
}

#[tokio::test]
async fn signals_reach_connected_members_and_nobody_else() {
    let running = start().await;
    let [mira, jon, ada] = people(&running, ["mira", "jon", "ada"]).await;
    let (mut of_mira, mut other, mut of_jon, mut of_ada) =
        (mira.stream().await, mira.stream().await, jon.stream().await, ada.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    for stream in [&mut other, &mut of_jon] {
        stream.event().await;
    }
    other.event().await;
    ok(&mut of_mira, Request::Ping).await;
    of_mira.events.clear();
    let signal = |bytes: usize| Request::Signal { room, bytes: Opaque(vec![7; bytes]) };
    ok(&mut of_mira, signal(20)).await;
    let expected = Event::Signal { room, sender: mira.id, bytes: Opaque(vec![7; 20]) };
    assert_eq!(of_jon.event().await, expected);
    assert_eq!(other.event().await, expected, "the author's other windows hear it too");
    assert_eq!(of_ada.refused(signal(20)).await, ProblemCode::NotFound);
    let nowhere = Request::Signal { room: RoomId([0; 16]), bytes: sealed("x") };
    assert_eq!(of_mira.refused(nowhere).await, ProblemCode::NotFound);
    for bytes in [0, shared::SIGNAL_BYTES + 1] {
        assert_eq!(of_mira.refused(signal(bytes)).await, ProblemCode::TooLarge);
    }
    ok(&mut of_mira, signal(shared::SIGNAL_BYTES)).await;
    of_jon.event().await;
    ok(&mut of_ada, Request::Ping).await;
    assert!(of_mira.events.is_empty() && of_ada.events.is_empty());
    let page = of_jon.ask(Request::Entries { room, after: 1, limit: 9 }).await;
    assert_eq!(page, Ok(Response::Entries { entries: vec![], last_seq: 1 }), "nothing is stored");
}

fn limited(answer: Result<Response, Problem>) -> Option<u32> {
    match answer {
        Ok(_) => None,
        Err(problem) => {
            assert_eq!(problem.code, ProblemCode::RateLimited);
            problem.retry_after_s
        }
    }
}

#[tokio::test]
async fn who_writes_too_much_is_asked_to_wait() {
    let running = start_with(|config| config.messages_per_second = shared::MESSAGES.1).await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut second, mut of_jon) =
        (mira.stream().await, mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;

    let (burst, rate) = shared::MESSAGES;
    let mut taken = 0;
    let wait = loop {
        let stream = if taken % 2 == 0 { &mut of_mira } else { &mut second };
        match limited(stream.ask(Request::Append(append(room, 1, "x"))).await) {
            None => taken += 1,
            Some(wait) => break wait,
        }
        assert!(taken < 10 * burst, "there is a limit");
    };
    assert!(taken >= burst, "a burst is fine, over all windows of an account: {taken}");
    assert_eq!(wait, 1);
    appended(&mut of_jon, append(room, 1, "others are not held back")).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for _ in 0..rate {
        appended(&mut of_mira, append(room, 1, "later")).await;
    }

    let (burst, _) = shared::SIGNALS;
    let signal = || Request::Signal { room, bytes: sealed("typing") };
    let mut answers = Vec::new();
    for number in 0..burst * 3 {
        // All windows of an account share its rate.
        let stream = if number % 2 == 0 { &mut of_mira } else { &mut second };
        answers.push(limited(stream.ask(signal()).await));
    }
    assert!(answers[..burst as usize].iter().all(Option::is_none) && answers.contains(&Some(1)));
    let taken = answers.iter().filter(|answer| answer.is_none()).count();
    assert!(taken < 2 * burst as usize, "one rate, not one for each window: {taken}");
    ok(&mut of_jon, signal()).await;

    let mut number = 0;
    let refused = loop {
        number += 1;
        match of_jon.ask(Request::JoinInfo { room, proof: proof(), before: u64::MAX }).await {
            Err(problem) if problem.code == ProblemCode::LinkInvalid => {}
            other => break limited(other),
        }
        assert!(number < 10 * shared::COMMITS.0, "there is a limit");
    };
    assert!(refused.is_some() && number > shared::COMMITS.0);
    let held = of_jon.ask(Request::Commit(Box::new(commit(room, 1, 2)))).await;
    assert!(limited(held).is_some(), "commits and joins are counted together");
}

#[tokio::test]
async fn account_objects_and_key_packages_over_the_stream() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let name = DataName([1; 16]);
    let datum = waxwing_wire::frame::AccountDatum { name, version: 1, bytes: sealed("x") };
    ok(&mut of_mira, Request::PutAccountData(datum)).await;
    ok(&mut of_mira, Request::DropAccountData(vec![name, DataName([2; 16])])).await;
    assert_eq!(of_mira.ask(Request::AccountData).await, Ok(Response::AccountData(vec![])));
    ok(&mut of_mira, Request::PutKeyPackage(sealed("package"))).await;
    match of_jon.ask(Request::KeyPackage(mira.id)).await {
        Ok(Response::KeyPackage(Some(record))) => {
            assert_eq!((record.bytes, record.identity_key), (sealed("package"), Opaque(vec![7; 32])));
            assert!(record.statements.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

const HANDLE: RoomHandle = RoomHandle([5; 32]);
const CONTEXT: &[u8] = b"Waxwing 1 room password";

fn identifiers() -> Identifiers<'static> {
    Identifiers { client: Some(HANDLE.as_bytes()), server: Some(b"waxwing") }
}

/// Sets a room's password over the stream, and answers the commit that would store it.
async fn password_commit(stream: &mut Stream, room: RoomId, after: u64, password: &str) -> Commit {
    let begun = ClientRegistration::<ClientSuite>::start(&mut OsRng, password.as_bytes()).unwrap();
    let opaque_request = Opaque(begun.message.serialize().to_vec());
    let answer = stream.ask(Request::RoomPasswordStart { room, handle: HANDLE, opaque_request }).await;
    let Ok(Response::RoomPassword(response)) = answer else { panic!("{answer:?}") };
    let response = RegistrationResponse::deserialize(response.as_bytes()).unwrap();
    let ksf = argon2();
    let parameters = ClientRegistrationFinishParameters::new(identifiers(), Some(&ksf));
    let done = begun.state.finish(&mut OsRng, password.as_bytes(), response, parameters).unwrap();
    let mut next = opening(room, after, 9, None);
    let id = MethodId(random());
    let password = RoomPassword {
        handle: HANDLE,
        record: Opaque(done.message.serialize().to_vec()),
        ksf: KSF,
        sealed: sealed("a link"),
    };
    let token_hash = TokenHash([1; 32]);
    next.parts.methods =
        Some(vec![JoinMethod { id, token_hash, expires_at_ms: None, password: Some(password) }]);
    next.parts.keep = vec![METHOD, id];
    next.parts.packages.clear();
    next
}

/// The first step of a try; `None` as KE3 when the password is not this one.
async fn try_password(
    stream: &mut Stream,
    handle: RoomHandle,
    password: &str,
) -> Result<(RoomLoginId, Option<Opaque>), Problem> {
    let begun = ClientLogin::<ClientSuite>::start(&mut OsRng, password.as_bytes()).unwrap();
    let opaque_request = Opaque(begun.message.serialize().to_vec());
    match stream.ask(Request::RoomLoginStart { handle, opaque_request }).await? {
        Response::RoomLogin { login, opaque_response, ksf } => {
            assert_eq!(opaque_response.len(), 320);
            let params = argon2::Params::new(ksf.memory_kib, ksf.iterations, ksf.parallelism, None).unwrap();
            let ksf = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
            let response = CredentialResponse::deserialize(opaque_response.as_bytes()).unwrap();
            let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(), Some(&ksf));
            let done = begun.state.finish(&mut OsRng, password.as_bytes(), response, parameters);
            Ok((login, done.ok().map(|done| Opaque(done.message.serialize().to_vec()))))
        }
        other => panic!("{other:?}"),
    }
}

fn finish(login: RoomLoginId, opaque_finalization: &Opaque) -> Request {
    Request::RoomLoginFinish { login, opaque_finalization: opaque_finalization.clone() }
}

#[tokio::test]
async fn a_room_password_opens_the_room_and_nothing_else_does() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    let setting = password_commit(&mut of_mira, room, 0, "amber tulip").await;
    let mut damaged = setting.clone();
    let method = damaged.parts.methods.as_mut().unwrap().first_mut().unwrap();
    method.password.as_mut().unwrap().record = Opaque(vec![0xff; shared::ROOM_RECORD_BYTES]);
    assert_eq!(of_mira.refused(Request::Commit(Box::new(damaged))).await, ProblemCode::Invalid);
    let mut weak = setting.clone();
    let method = weak.parts.methods.as_mut().unwrap().first_mut().unwrap();
    method.password.as_mut().unwrap().ksf.memory_kib = 8;
    assert_eq!(of_mira.refused(Request::Commit(Box::new(weak))).await, ProblemCode::Invalid);
    accepted(&mut of_mira, setting).await;

    let (login, ke3) = try_password(&mut of_jon, HANDLE, "amber tulip").await.unwrap();
    let ke3 = ke3.expect("the password is right");
    let unlocked = of_jon.ask(finish(login, &ke3)).await;
    assert_eq!(unlocked, Ok(Response::RoomUnlocked { room, sealed: sealed("a link") }));
    assert_eq!(of_jon.refused(finish(login, &ke3)).await, ProblemCode::AttemptExpired, "works once");

    let (login, wrong) = try_password(&mut of_jon, HANDLE, "amber rose").await.unwrap();
    assert!(wrong.is_none(), "the client notices first");
    assert_eq!(of_jon.refused(finish(login, &ke3)).await, ProblemCode::WrongCredentials);
    let (login, unknown) = try_password(&mut of_jon, RoomHandle([6; 32]), "amber tulip").await.unwrap();
    assert!(unknown.is_none());
    assert_eq!(of_jon.refused(finish(login, &ke3)).await, ProblemCode::WrongCredentials, "looks the same");
    let (login, _) = try_password(&mut of_jon, HANDLE, "amber tulip").await.unwrap();
    let malformed = of_jon.refused(finish(login, &sealed("no KE3"))).await;
    assert_eq!(malformed, ProblemCode::Invalid);
    let bad = Request::RoomLoginStart { handle: HANDLE, opaque_request: sealed("no KE1") };
    assert_eq!(of_jon.refused(bad).await, ProblemCode::Invalid);
    let bad = Request::RoomPasswordStart { room, handle: HANDLE, opaque_request: sealed("no request") };
    assert_eq!(of_mira.refused(bad).await, ProblemCode::Invalid);
    let foreign = Request::RoomPasswordStart { room, handle: HANDLE, opaque_request: sealed("x") };
    assert_eq!(of_jon.refused(foreign).await, ProblemCode::NotFound);
}

#[tokio::test]
async fn tries_of_a_room_password_belong_to_their_stream_and_are_few() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    let setting = password_commit(&mut of_mira, room, 0, "amber tulip").await;
    accepted(&mut of_mira, setting).await;
    let mut tries = Vec::new();
    for _ in 0..5 {
        let (login, ke3) = try_password(&mut of_jon, HANDLE, "amber tulip").await.unwrap();
        tries.push((login, ke3.unwrap()));
    }
    let (first, ke3) = &tries[0];
    assert_eq!(of_jon.refused(finish(*first, ke3)).await, ProblemCode::AttemptExpired, "four at once");
    let (second, ke3) = &tries[1];
    assert_eq!(of_mira.refused(finish(*second, ke3)).await, ProblemCode::AttemptExpired, "not hers");
    assert!(matches!(of_jon.ask(finish(*second, ke3)).await, Ok(Response::RoomUnlocked { .. })));
}

#[tokio::test]
async fn guessing_at_room_passwords_is_slowed_down_by_room_and_by_account() {
    let running = start().await;
    let [mira, jon, ada] = people(&running, ["mira", "jon", "ada"]).await;
    let (mut of_mira, mut of_jon, mut of_ada) = (mira.stream().await, jon.stream().await, ada.stream().await);
    let room = create(&mut of_mira).await;
    let setting = password_commit(&mut of_mira, room, 0, "amber tulip").await;
    accepted(&mut of_mira, setting).await;
    for _ in 0..20 {
        let (login, ke3) = try_password(&mut of_jon, HANDLE, "amber tulip").await.unwrap();
        of_jon.ask(finish(login, &ke3.unwrap())).await.expect("who knows it is not slowed down");
    }
    for number in 0..5 {
        // Without a last message, which a guesser does not need.
        let (_, wrong) = try_password(&mut of_jon, HANDLE, &format!("guess {number}")).await.unwrap();
        assert!(wrong.is_none());
    }
    let held = try_password(&mut of_jon, HANDLE, "amber tulip").await.unwrap_err();
    assert_eq!(held.code, ProblemCode::RateLimited);
    assert!((1..=2).contains(&held.retry_after_s.unwrap()));
    let elsewhere = try_password(&mut of_jon, RoomHandle([6; 32]), "x").await.unwrap_err();
    assert_eq!(elsewhere.code, ProblemCode::RateLimited, "the guesser waits for every room");
    let others = try_password(&mut of_ada, HANDLE, "amber tulip").await.unwrap_err();
    assert_eq!(others.code, ProblemCode::RateLimited, "and the room for every guesser");
    try_password(&mut of_ada, RoomHandle([6; 32]), "x").await.expect("nobody else waits");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    try_password(&mut of_ada, HANDLE, "amber tulip").await.expect("and goes on afterwards");
}
