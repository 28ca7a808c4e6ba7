//! What administrators do to accounts, through HTTP, and what the live streams of those accounts hear.

mod support;

use serde_json::{Value, json};
use support::{
    account::{Http, Person, first, people, prove_password, register, register_invited},
    admin::{about, refused},
    start, start_with,
};
use waxwing_relay::config::{Registration, Sessions};
use waxwing_wire::{
    account::{SessionInfo, path as own},
    admin::{InviteMade, UserDetails, UserStatus, Users, path},
    frame::{AccountEvent, EndReason, Event, Request, close},
};

#[tokio::test]
async fn nobody_but_an_administrator_gets_in() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let document: Value = mira.ask("/api/openapi.json").await.unwrap();
    let id = mira.id.to_string();
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/admin/") {
            continue;
        }
        let path =
            path.replace("{account}", &id).replace("{room}", &id).replace("{seq}", "1").replace("{id}", "1");
        for method in methods.as_object().unwrap().keys() {
            let answer = match method.as_str() {
                "get" => jon.ask::<Value>(&path).await,
                _ => jon.tell(&path, &json!({})).await,
            };
            assert_eq!(answer.err(), Some(refused(403, "not_administrator")), "{method} {path}");
            tried += 1;
        }
    }
    assert!(tried >= 26, "{tried}");
    assert!(mira.user(mira.id).await.administrator, "nothing was done");
}

#[tokio::test]
async fn people_are_searched_sorted_and_paged() {
    let running = start().await;
    let [mira, ..] = people(&running, ["mira", "jon", "joan", "ada"]).await;
    let mira = &mira;
    let all = |query: &'static str| async move {
        let users: Users = mira.ask(&format!("{}?{query}", path::USERS)).await.unwrap();
        let names: Vec<String> = users.users.iter().map(|user| user.username.clone()).collect();
        (names.join(" "), users.total, users.next)
    };
    assert_eq!(all("").await, ("ada joan jon mira".into(), 4, None));
    assert_eq!(all("order=descending").await.0, "mira jon joan ada");
    assert_eq!(all("query=JO&sort=created").await, ("jon joan".into(), 2, None));
    assert_eq!(all("status=pending").await, (String::new(), 0, None));
    assert_eq!(all("query=%25").await.1, 0, "nothing but text");
    for sort in ["username", "created", "last_seen", "storage", "rooms"] {
        for order in ["ascending", "descending"] {
            let mut seen = Vec::new();
            let mut after = String::new();
            loop {
                let query = format!("{}?sort={sort}&order={order}&limit=3{after}", path::USERS);
                let page: Users = mira.ask(&query).await.unwrap();
                assert!(page.users.len() <= 3 && page.total == 4);
                seen.extend(page.users.into_iter().map(|user| user.account));
                let Some(next) = page.next else { break };
                after = format!("&after={next}");
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 4, "{sort} {order}");
        }
    }
}

#[tokio::test]
async fn queries_are_checked() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    for query in [
        "sort=colour",
        "limit=many",
        "after=%21",
        "limit=-1",
        "limit=0",
        "limit=101",
        "no=field",
        "status=",
        "sort=created&sort=rooms",
    ] {
        let answer = mira.ask::<Users>(&format!("{}?{query}", path::USERS)).await;
        assert_eq!(answer.err(), Some(refused(422, "invalid")), "{query}");
    }
    for account in ["x", "AAAAAAAAAAAAAAAAAAAAAA", "%00"] {
        let answer = mira.ask::<Value>(&path::USER.replace("{account}", account)).await;
        assert_eq!(answer.err(), Some(refused(404, "not_found")), "{account}");
    }
    let long = json!({"reason": "x".repeat(501)});
    let answer = mira.tell::<Value>(&about(path::KICK, mira.id), &long).await;
    assert_eq!(answer.err(), Some(refused(422, "invalid")));
}

#[tokio::test]
async fn a_waiting_account_is_let_in_or_refused_at_once() {
    let running = start_with(|config| config.registration = Registration::Approval).await;
    let mira = first(&running, "mira").await;
    let http = Http::new(&running);
    let jon = register(&http, "jon", None).await.unwrap();
    let eve = register(&http, "eve", None).await.unwrap();
    let waiting: Users = mira.ask(&format!("{}?status=pending", path::USERS)).await.unwrap();
    assert_eq!(waiting.total, 2);

    let ban = mira.act(path::BAN, jon.id).await;
    assert_eq!(ban.err(), Some(refused(409, "conflict")), "lifting it would let the account in");

    let mut of_jon = jon.stream().await;
    let refusal = of_jon.refused(Request::ReportKeys).await;
    assert_eq!(refusal.as_str(), "awaiting_approval");
    mira.act(path::APPROVE, jon.id).await.unwrap();
    assert_eq!(of_jon.event().await, Event::Account(AccountEvent::Approved));
    of_jon.ask(Request::ReportKeys).await.unwrap();
    assert_eq!(mira.user(jon.id).await.status, UserStatus::Active);
    assert_eq!(mira.act(path::APPROVE, jon.id).await.err(), Some(refused(409, "conflict")));
    assert_eq!(mira.act(path::REFUSE, jon.id).await.err(), Some(refused(409, "conflict")));

    let mut of_eve = eve.stream().await;
    mira.act(path::REFUSE, eve.id).await.unwrap();
    assert_eq!(of_eve.event().await, Event::SessionEnded { reason: EndReason::Refused });
    assert_eq!(of_eve.close_code().await, close::NOT_LOGGED_IN);
    assert_eq!(mira.ask::<Value>(&about(path::USER, eve.id)).await.err(), Some(refused(404, "not_found")));
    let named = mira.audit("limit=100").await.into_iter().any(|(_, _, detail)| detail.contains("eve"));
    assert!(!named, "the name is gone with the account");
    let log = mira.audit("limit=2").await;
    assert_eq!(log[0], ("refused".into(), format!("account:{}", eve.id), "because".into()));
    assert_eq!(log[1], ("approved".into(), format!("account:{}", jon.id), "because".into()));
    register(&http, "eve", None).await.expect("a refused name is free again");
}

#[tokio::test]
async fn a_ban_ends_what_is_live_and_takes_nothing_new_until_it_is_lifted() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_jon = jon.stream().await;
    mira.act(path::BAN, jon.id).await.unwrap();
    assert_eq!(of_jon.event().await, Event::SessionEnded { reason: EndReason::Banned });
    assert_eq!(of_jon.close_code().await, close::NOT_LOGGED_IN);
    assert_eq!(jon.ask::<SessionInfo>(own::SESSION).await.err(), Some(refused(401, "not_logged_in")));
    assert_eq!(jon.log_in(0).await.err(), Some(refused(403, "banned")), "after password and code");
    assert_eq!(mira.act(path::BAN, jon.id).await.err(), Some(refused(409, "conflict")));
    assert_eq!(mira.act(path::BAN, mira.id).await.err(), Some(refused(409, "conflict")));

    mira.act(path::UNBAN, jon.id).await.unwrap();
    jon.log_in(1).await.unwrap();
    assert_eq!(mira.act(path::UNBAN, jon.id).await.err(), Some(refused(409, "conflict")));
}

#[tokio::test]
async fn a_kick_ends_all_sessions_and_no_more() {
    let running = start_with(|config| config.sessions = Sessions::Multi).await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (_, other) = jon.log_in(0).await.unwrap();
    let other = support::account::Person { cookie: other, ..jon.clone() };
    let mut streams = [jon.stream().await, other.stream().await];
    let details: UserDetails = mira.ask(&about(path::USER, jon.id)).await.unwrap();
    assert!(details.user.online && details.sessions.iter().all(|session| session.live));
    assert_eq!((details.user.sessions, details.sessions.len()), (2, 2));
    mira.act(path::KICK, jon.id).await.unwrap();
    for stream in &mut streams {
        assert_eq!(stream.event().await, Event::SessionEnded { reason: EndReason::Kicked });
        assert_eq!(stream.close_code().await, close::NOT_LOGGED_IN);
    }
    assert_eq!(mira.user(jon.id).await.sessions, 0);
    assert_eq!(mira.act(path::KICK, mira.id).await.err(), Some(refused(409, "conflict")));
    jon.log_in(1).await.unwrap();
}

#[tokio::test]
async fn an_authenticator_that_was_reset_is_replaced_at_the_next_login() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_jon = jon.stream().await;
    mira.act(path::RESET_TOTP, jon.id).await.unwrap();
    assert_eq!(of_jon.event().await, Event::Account(AccountEvent::TotpReset));
    assert!(!mira.user(jon.id).await.totp);
    let accepted = prove_password(&jon.http, "jon").await.unwrap();
    assert!(accepted.enrolment.is_some(), "a new one is set up");
    assert_eq!(mira.act(path::RESET_TOTP, jon.id).await.err(), Some(refused(409, "conflict")));
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    assert_eq!(mira.act(path::DEMOTE, mira.id).await.err(), Some(refused(409, "last_administrator")));
    let mut of_jon = jon.stream().await;
    mira.act(path::PROMOTE, jon.id).await.unwrap();
    assert_eq!(of_jon.event().await, Event::Account(AccountEvent::Promoted));
    assert_eq!(mira.act(path::PROMOTE, jon.id).await.err(), Some(refused(409, "conflict")));
    assert!(jon.user(mira.id).await.administrator, "he sees it at once");

    jon.act(path::DEMOTE, mira.id).await.unwrap();
    assert_eq!(mira.ask::<Users>(path::USERS).await.err(), Some(refused(403, "not_administrator")));
    assert_eq!(jon.act(path::DEMOTE, mira.id).await.err(), Some(refused(409, "conflict")));
    assert_eq!(jon.act(path::DEMOTE, jon.id).await.err(), Some(refused(409, "last_administrator")));

    jon.act(path::PROMOTE, mira.id).await.unwrap();
    mira.act(path::BAN, jon.id).await.unwrap();
    mira.act(path::UNBAN, jon.id).await.unwrap();
    assert!(!mira.user(jon.id).await.administrator, "whoever was banned does not come back as one");
}

#[tokio::test]
async fn invites_end_with_the_part_of_their_maker() {
    let running = start_with(|config| config.registration = Registration::Invite).await;
    let mira = first(&running, "mira").await;
    let invite = async |maker: &Person| {
        maker.tell::<InviteMade>(path::INVITES, &json!({"uses": 9})).await.unwrap().code
    };
    let kept = invite(&mira).await;
    let http = Http::new(&running);
    let jon = register_invited(&http, "jon", Some(&kept)).await.unwrap();
    for (n, act) in [path::DEMOTE, path::BAN].into_iter().enumerate() {
        mira.act(path::PROMOTE, jon.id).await.unwrap();
        let codes = [invite(&jon).await, invite(&jon).await];
        mira.act(act, jon.id).await.unwrap();
        for code in codes {
            let answer = register_invited(&http, "stranger", Some(&code)).await;
            assert_eq!(answer.err(), Some(refused(403, "invite_invalid")), "{act}");
        }
        assert_eq!(mira.audit("kind=invite_revoked").await.len(), 2 * (n + 1));
    }
    register_invited(&http, "ada", Some(&kept)).await.expect("those of others go on");
}
