//! Guests: without username and password, back with the place code's token, and no more than that.

mod support;

use support::{
    account::{Http, first, refused, register},
    requests, start, start_with,
    stream::open,
};
use waxwing_wire::{
    AccountId, Opaque, ProblemCode, RoomId,
    account::{GuestReturn, GuestReturned, GuestStart, GuestStarted, ServerInfo, path},
    admin::{Settings, StatisticsPage, Users, path as desk},
    frame::{CreateRoom, Request, Response},
    ids::TokenHash,
};

use sha2::{Digest as _, Sha256};

const TOKEN: [u8; 32] = [7; 32];

fn guest(token: [u8; 32]) -> GuestStart {
    GuestStart {
        account: AccountId(requests::random()),
        identity_key: Opaque(requests::random::<32>().to_vec()),
        vault: requests::sealed("vault"),
        wrap_place: requests::sealed("wrapped"),
        token_hash: TokenHash(Sha256::digest(token).into()),
        device: Some("Firefox".into()),
    }
}

#[tokio::test]
async fn a_guest_comes_back_with_the_code_and_can_do_little() {
    let running = start().await;
    let http = Http::new(&running);
    let early = http.call::<GuestStarted>(path::GUESTS, &guest(TOKEN)).await;
    assert_eq!(early.err(), Some(refused(403, "guests_closed")), "nobody could have invited them");
    let mira = first(&running, "mira").await;
    let new = guest(TOKEN);
    let (made, cookie) = http.call_with_cookie::<GuestStarted>(path::GUESTS, &new).await.unwrap();
    assert!(made.session.guest && !made.session.administrator && made.session.account == new.account);
    assert!(waxwing_wire::username::normalise(&made.session.username).is_err(), "nobody can be called so");

    let mut stream = open(&running.origin, cookie.as_deref(), None).await.unwrap();
    let hello = Request::Hello { cursors: Vec::new(), take_over: true };
    assert!(matches!(stream.ask(hello).await, Ok(Response::Hello { .. })));
    let room = RoomId(requests::random());
    let founding = Request::CreateRoom(Box::new(CreateRoom { room, parts: requests::parts(0) }));
    let find = Request::FindAccount { username: "mira".into() };
    let add = Request::Commit(Box::new(requests::adding(room, 0, 1, mira.id)));
    for request in [founding, find, add] {
        assert_eq!(stream.ask(request).await.map_err(|problem| problem.code), Err(ProblemCode::NotAllowed));
    }

    let back = |token: [u8; 32]| GuestReturn { token: Opaque(token.to_vec()), device: None };
    let known: GuestReturned = http.call(path::GUESTS_RETURN, &back(TOKEN)).await.unwrap();
    assert_eq!((known.vault, known.wrap_place, known.vault_version), (new.vault, new.wrap_place, 1));
    let unknown = http.call::<GuestReturned>(path::GUESTS_RETURN, &back([8; 32])).await;
    assert_eq!(unknown.err(), Some(refused(404, "not_found")));
}

#[tokio::test]
async fn only_whole_names_are_found_and_guests_never() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let jon = register(&Http::new(&running), "jon", None).await.unwrap();
    let made: GuestStarted = Http::new(&running).call(path::GUESTS, &guest(TOKEN)).await.unwrap();
    let mut stream = mira.stream().await;
    let mut find = async |name: &str| stream.ask(Request::FindAccount { username: name.into() }).await;
    assert_eq!(find(" Jon ").await, Ok(Response::Account(Some(jon.id))));
    for name in ["jo", "jonn", &made.session.username] {
        assert_eq!(find(name).await, Ok(Response::Account(None)), "{name}");
    }
    let mut asked = 4;
    while let Ok(Response::Account(_)) = find("nobody").await {
        asked += 1;
        assert!(asked < 30, "searches have a rate");
    }
    assert!(asked >= 19, "twenty at once: {asked}");
}

#[tokio::test]
async fn the_same_request_makes_one_guest_and_nobody_brings_it_in() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let http = Http::new(&running);
    let new = guest(TOKEN);
    let made: GuestStarted = http.call(path::GUESTS, &new).await.unwrap();
    let again: GuestStarted = http.call(path::GUESTS, &new).await.unwrap();
    assert_eq!(again.session, made.session, "its answer may have been lost");
    let forged = [
        GuestStart { token_hash: TokenHash([1; 32]), ..new.clone() },
        GuestStart { vault: requests::sealed("another"), ..new.clone() },
        GuestStart { identity_key: Opaque(vec![1; 32]), ..new.clone() },
        GuestStart { account: mira.id, ..new.clone() },
    ];
    for other in forged {
        let refusal = http.call::<GuestStarted>(path::GUESTS, &other).await.err();
        assert_eq!(refusal, Some(refused(409, "conflict")));
    }

    let mut stream = mira.stream().await;
    let room = RoomId(requests::random());
    let founding = Request::CreateRoom(Box::new(CreateRoom { room, parts: requests::parts(0) }));
    stream.ask(founding).await.unwrap();
    let add = Request::Commit(Box::new(requests::adding(room, 0, 1, new.account)));
    assert_eq!(stream.refused(add).await, ProblemCode::IsGuest);
}

#[tokio::test]
async fn the_desk_tells_guests_from_accounts_and_takes_none_from_one_moment_to_the_next() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let http = Http::new(&running);
    let made: GuestStarted = http.call(path::GUESTS, &guest(TOKEN)).await.unwrap();
    let list = async |query: &str| {
        let users: Users = mira.ask(&format!("{}?{query}", desk::USERS)).await.unwrap();
        assert_eq!(usize::try_from(users.total).unwrap(), users.users.len());
        users.users.into_iter().map(|user| (user.account, user.guest)).collect::<Vec<_>>()
    };
    assert_eq!(list("guests=true").await, [(made.session.account, true)]);
    assert_eq!(list("guests=false&status=active").await, [(mira.id, false)]);
    assert_eq!(list("sort=created").await.len(), 2);
    let page: StatisticsPage = mira.ask(desk::STATISTICS).await.unwrap();
    assert_eq!((page.now.users, page.now.guests), (1, 1));

    let set = async |guests: Option<bool>| {
        let body = serde_json::json!({ "guests": guests });
        let settings: Settings = mira.tell(desk::SETTINGS, &body).await.unwrap();
        (settings.guests.value, settings.guests.set)
    };
    let come = async |token| http.call::<GuestStarted>(path::GUESTS, &guest(token)).await.err();
    assert_eq!(set(Some(false)).await, (false, true));
    assert_eq!(come([8; 32]).await, Some(refused(403, "guests_closed")));
    let server: ServerInfo = mira.ask(path::SERVER).await.unwrap();
    assert!(!server.guests, "the page is told");
    let back = GuestReturn { token: Opaque(TOKEN.to_vec()), device: None };
    assert!(http.call::<GuestReturned>(path::GUESTS_RETURN, &back).await.is_ok(), "who is there stays");
    let changed = ("setting:guests".to_owned(), "true -> false".to_owned());
    let told = mira.audit("limit=20").await;
    assert!(told.iter().any(|(_, target, detail)| (target, detail) == (&changed.0, &changed.1)), "{told:?}");
    assert_eq!(set(None).await, (true, false));
    assert_eq!(come([9; 32]).await, None);
}

#[tokio::test]
async fn a_relay_without_guests_takes_none() {
    let running = start_with(|config| config.guests = false).await;
    first(&running, "mira").await;
    let refusal = Http::new(&running).call::<GuestStarted>(path::GUESTS, &guest(TOKEN)).await.err();
    assert_eq!(refusal, Some(refused(403, "guests_closed")));
}
