//! Sessions: the list, ends, tokens, and the one that is live.

mod support;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use serde_json::Value;
use support::{
    account::{Person, code, first, people, prove_password, refusal, refused, second_factor},
    start, start_with,
    stream::{Stream, open, open_with},
};
use waxwing_relay::{config, settings::Overrides};
use waxwing_wire::{
    ProblemCode,
    account::{Empty, EndSession, LoggedIn, LoginTotp, Proof, SESSION_HEADER, SessionPolicy, Sessions, path},
    admin,
    frame::{EndReason, Event, Request, Response, close},
    ids::SessionId,
};

async fn list(person: &Person) -> Sessions {
    person.http.get(path::SESSIONS).header(COOKIE, &person.cookie).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn sessions_are_listed_and_ended_from_another() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (here, _) = mira.again(0).await;
    let mut elsewhere = mira.stream().await;
    let sessions = list(&here).await.sessions;
    assert_eq!(sessions.len(), 2);
    let (own, other) =
        if sessions[0].current { (&sessions[0], &sessions[1]) } else { (&sessions[1], &sessions[0]) };
    assert_eq!((own.current, own.live, own.device.as_str()), (true, false, "a test"));
    assert_eq!((other.current, other.live), (false, true));
    assert!(own.created_at_ms > 0 && own.last_used_at_ms >= own.created_at_ms);

    let end = async |who: &Person, id| who.call::<Empty>(path::SESSIONS_END, &EndSession { id }).await.err();
    let missing = Some(refused(404, "not_found"));
    assert_eq!(end(&here, SessionId([0; 16])).await, missing);
    assert_eq!(end(&jon, other.id).await, missing, "it is somebody else's");
    assert_eq!(end(&here, other.id).await, None);
    assert_eq!(elsewhere.event().await, Event::SessionEnded { reason: EndReason::Ended });
    assert_eq!(elsewhere.close_code().await, close::NOT_LOGGED_IN);
    assert_eq!(refusal(mira.session().await).await, refused(401, "not_logged_in"));
    assert_eq!(list(&here).await.sessions.len(), 1);
    assert_eq!(jon.session().await.status(), 200);
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (there, _) = mira.again(0).await;
    let (here, _) = mira.again(1).await;
    let (mut own, mut other) = (here.stream().await, there.stream().await);
    let early = there.call::<Empty>(path::SESSIONS_END_OTHERS, &Empty {}).await.err();
    assert_eq!(early, Some(refused(403, "session_is_newer")), "one of them began later");
    let _: Empty = here.call(path::SESSIONS_END_OTHERS, &Empty {}).await.unwrap();
    assert_eq!(other.event().await, Event::SessionEnded { reason: EndReason::Ended });
    assert_eq!(own.ask(Request::Ping).await, Ok(Response::Done));
    for ended in [&mira, &there] {
        assert_eq!(refusal(ended.session().await).await, refused(401, "not_logged_in"));
    }
    here.log_out().await;
    assert_eq!(own.event().await, Event::SessionEnded { reason: EndReason::LoggedOut });
    assert_eq!(own.close_code().await, close::NOT_LOGGED_IN);
}

/// Otherwise a stolen session could go on for as long as a body may take to come.
#[tokio::test]
async fn what_was_begun_with_a_session_is_not_done_once_it_has_ended() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let slowly = |path: String, cookie: &str| {
        let (send, body) = tokio::sync::oneshot::channel::<Vec<u8>>();
        let body = futures_util::stream::once(async { body.await.map_err(std::io::Error::other) });
        let request = mira.http.post(&path).header(COOKIE, cookie).header("content-type", "application/json");
        let answer = tokio::spawn(request.body(reqwest::Body::wrap_stream(body)).send());
        (send, answer)
    };
    let (here, proof) = mira.again(0).await;
    let kick = admin::path::KICK.replace("{account}", &jon.id.to_string());
    let remove = serde_json::to_vec(&Proof { proof }).unwrap();
    let calls = [(kick, b"{}".to_vec()), (path::RECOVERY_CODES.to_owned(), remove)];
    let calls = calls.map(|(path, body)| (slowly(path, &here.cookie), body));
    // The headers are there, and the session is found.
    tokio::time::sleep(Duration::from_millis(300)).await;
    here.log_out().await;
    for ((send, answer), body) in calls {
        send.send(body).unwrap();
        assert_eq!(refusal(answer.await.unwrap().unwrap()).await, refused(401, "not_logged_in"));
    }
    assert_eq!(jon.session().await.status(), 200, "nobody was kicked");
}

#[tokio::test]
async fn a_program_keeps_its_token_itself() {
    let running = start_with(|config| config.timing.token = Duration::ZERO).await;
    let mira = first(&running, "mira").await;
    let login = prove_password(&mira.http, "mira").await.unwrap();
    let (name, value) = SESSION_HEADER;
    let request = second_factor(&login, code(&mira.secret, 0));
    let answer = mira.http.post(path::LOGIN_TOTP).header(name, value).json(&request).send().await.unwrap();
    assert!(!answer.headers().contains_key(SET_COOKIE));
    let body: LoggedIn = answer.json().await.unwrap();
    let token = format!("Bearer {}", body.token.unwrap());

    let session = mira.http.get(path::SESSION).header(AUTHORIZATION, &token).send().await.unwrap();
    assert_eq!(session.status(), 200);
    assert!(!session.headers().contains_key(SET_COOKIE), "it stays");
    let mut stream = open_with(&running.origin, &[("authorization", &token)]).await.unwrap();
    let hello = Request::Hello { cursors: Vec::new(), take_over: true };
    assert!(matches!(stream.ask(hello).await, Ok(Response::Hello { .. })));
    for wrong in ["Bearer x", "Bearer ", "Basic abc", token.trim_start_matches("Bearer ")] {
        let session = mira.http.get(path::SESSION).header(AUTHORIZATION, wrong).send().await.unwrap();
        assert_eq!(refusal(session).await, refused(401, "not_logged_in"), "{wrong}");
    }
    let without = mira.http.client.post(format!("{}{}", running.origin, path::LOGOUT));
    let without = without.header(AUTHORIZATION, &token).json(&Empty {}).send().await.unwrap();
    assert_eq!(refusal(without).await, refused(403, "foreign_origin"), "the header is needed all the same");
    let log_out = mira.http.post(path::LOGOUT).header(AUTHORIZATION, &token).json(&Empty {});
    assert_eq!(log_out.send().await.unwrap().status(), 200);
    assert_eq!(stream.event().await, Event::SessionEnded { reason: EndReason::LoggedOut });
    assert_eq!(mira.session().await.status(), 200, "the browser's session goes on");
}

#[tokio::test]
async fn the_token_of_a_browser_is_replaced_now_and_then() {
    let running = start_with(|config| config.timing.token = Duration::ZERO).await;
    let mira = first(&running, "mira").await;
    let mut stream = mira.stream().await;
    let answer = mira.session().await;
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let (value, marks) = cookie.split_once("; ").unwrap();
    assert!(
        marks.starts_with("Path=/; Max-Age=15551") && marks.ends_with("HttpOnly; SameSite=Strict"),
        "{marks}"
    );
    assert_ne!(value, mira.cookie);
    let anew = Person { cookie: value.to_owned(), ..mira.clone() };
    let by_old = mira.session().await;
    assert_eq!(by_old.status(), 200, "requests under way still arrive");
    assert!(!by_old.headers().contains_key(SET_COOKIE), "and replace nothing: another page has the cookie");
    let lost = "UPDATE sessions SET token_at_ms = token_at_ms - 60000";
    running.database().execute(lost, []).unwrap();
    let again = mira.session().await.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert_eq!(refusal(anew.session().await).await, refused(401, "not_logged_in"), "it had not arrived");
    let anew = Person { cookie: again.split(';').next().unwrap().to_owned(), ..mira.clone() };
    let newest = anew.session().await.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let newest = Person { cookie: newest.split(';').next().unwrap().to_owned(), ..mira.clone() };
    assert_eq!(refusal(mira.session().await).await, refused(401, "not_logged_in"), "only the one before");
    assert_eq!(stream.ask(Request::PutKeyPackage(support::requests::sealed("x"))).await, Ok(Response::Done));
    let minute_later = "UPDATE sessions SET former_until_ms = 1";
    running.database().execute(minute_later, []).unwrap();
    assert_eq!(refusal(anew.session().await).await, refused(401, "not_logged_in"));
    assert_eq!(list(&newest).await.sessions.len(), 1, "it is one session all the time");
}

#[tokio::test]
async fn a_young_token_stays() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    assert!(!mira.session().await.headers().contains_key(SET_COOKIE));
}

async fn hello(person: &Person, take_over: bool) -> (Stream, Result<Response, waxwing_wire::Problem>) {
    let mut stream = open(&person.http.origin, Some(&person.cookie), None).await.unwrap();
    let answer = stream.ask(Request::Hello { cursors: Vec::new(), take_over }).await;
    (stream, answer)
}

#[tokio::test]
async fn one_session_of_an_account_is_live_and_the_others_are_told() {
    let running = start_with(|config| config.sessions = config::Sessions::Single).await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (phone, _) = mira.again(0).await;
    let (mut of_jon, _) = hello(&jon, true).await;
    let (mut desk, answer) = hello(&mira, false).await;
    assert!(answer.is_ok(), "nobody is there");
    let (_second_tab, answer) = hello(&mira, false).await;
    assert!(answer.is_ok(), "tabs of one session live together");

    let (mut stream, answer) = hello(&phone, false).await;
    let problem = answer.unwrap_err();
    assert_eq!((problem.code, problem.retry_after_s), (ProblemCode::Displaced, None));
    let take_over = Request::Hello { cursors: Vec::new(), take_over: true };
    assert!(stream.ask(take_over.clone()).await.is_ok(), "the person says so");
    assert_eq!(desk.event().await, Event::Displaced);
    assert_eq!(desk.close_code().await, close::DISPLACED);
    assert_eq!(mira.session().await.status(), 200, "its session goes on");

    let (mut back, answer) = hello(&mira, true).await;
    let problem = answer.unwrap_err();
    assert_eq!(problem.code, ProblemCode::Displaced);
    let wait = problem.retry_after_s.unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    assert_eq!(stream.ask(Request::Ping).await, Ok(Response::Done));
    tokio::time::sleep(Duration::from_secs(wait.into())).await;
    assert!(back.ask(take_over).await.is_ok());
    assert_eq!(stream.event().await, Event::Displaced);
    assert_eq!(of_jon.ask(Request::Ping).await, Ok(Response::Done), "others are not concerned");
}

#[tokio::test]
async fn a_session_that_is_not_there_displaces_nobody_and_holds_up_nobody() {
    let running = start_with(|config| config.sessions = config::Sessions::Single).await;
    let mira = first(&running, "mira").await;
    let (phone, _) = mira.again(0).await;
    let (mut desk, _) = hello(&mira, true).await;
    let _silent = open(&running.origin, Some(&phone.cookie), None).await.unwrap();
    assert_eq!(desk.ask(Request::Ping).await, Ok(Response::Done), "who says no hello takes nothing");
    desk.socket.close(None).await.unwrap();
    drop(desk);
    let gone = async {
        while running.relay.streams() > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    let (_stream, answer) = hello(&phone, false).await;
    assert!(answer.is_ok(), "a connection made again, with nobody there");
}

#[tokio::test]
async fn several_sessions_are_live_where_the_operator_lets_them() {
    let running = start_with(|config| config.sessions = config::Sessions::Single).await;
    let mira = first(&running, "mira").await;
    let (phone, _) = mira.again(0).await;
    let (mut desk, _) = hello(&mira, true).await;
    let multi = Overrides { sessions: Some(SessionPolicy::Multi), ..Overrides::default() };
    running.relay.settings().replace(multi);
    let (mut pocket, answer) = hello(&phone, true).await;
    assert!(answer.is_ok());
    assert_eq!(desk.ask(Request::Ping).await, Ok(Response::Done));
    assert!(list(&phone).await.sessions.iter().all(|session| session.live));
    running.relay.settings().replace(Overrides::default());
    assert_eq!(pocket.ask(Request::Ping).await, Ok(Response::Done), "it counts from the next hello on");
    let (_tab, answer) = hello(&mira, true).await;
    assert!(answer.is_ok());
    assert_eq!(pocket.event().await, Event::Displaced);
}

#[tokio::test]
async fn a_device_cannot_hide_what_it_is_called() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let accepted = prove_password(&mira.http, "mira").await.unwrap();
    for bad in ["two\nlines", "x\u{202e}y", &"x".repeat(65)] {
        let login = LoginTotp { device: Some(bad.into()), ..second_factor(&accepted, code(&mira.secret, 1)) };
        let answer = mira.http.call::<Value>(path::LOGIN_TOTP, &login).await;
        assert_eq!(answer.err(), Some(refused(422, "invalid")), "{bad:?}");
    }
}
