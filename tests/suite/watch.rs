//! A watch emits the first state of each number and then its changes.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{FutureExt, StreamExt};
use pilot_status::{ChangeSource, Changed, Error, WatchState};
use serde_json::json;
use support::{KEY, Reply, Request, always, builder, client, ok, serve};

use crate::world::{
    EVERY, LIST, PATIENCE, World, assert_silent, changes, expect, id, next, ready, state, until,
};

#[tokio::test]
async fn watch_emits_first_state_and_then_changes() {
    let world = World::of(&["a", "b"]).await;
    let mut watch = world.watch(["a", "b", "a"]);
    for (id, change) in changes(&mut watch, 2).await {
        assert_eq!(change.changed, [Changed::First]);
        assert!(change.before.is_none(), "{change:?}");
        assert_eq!(change.number.as_ref().unwrap().id, id);
        assert_eq!(change.to_string(), format!("{id}  ready"));
    }
    assert_silent(&mut watch).await;

    world.set("b", json!({ "health": { "sendable": true, "qualityRating": "RED" } }));
    let changed = [Changed::Readiness, Changed::Quality];
    let change = expect(&mut watch, &changed, "b  ready → degraded: quality RED").await;
    assert_eq!(change.before.unwrap().quality, None);

    world.set("a", json!({ "state": "CLOSE", "health": { "messagingLimitTier": "TIER_2K" } }));
    let changed = [Changed::Readiness, Changed::Limit, Changed::State];
    let line = "a  ready → blocked: not connected (CLOSE); limit unknown → TIER_2K";
    expect(&mut watch, &changed, line).await;
    assert_silent(&mut watch).await;
}

#[tokio::test]
async fn watch_reports_repeated_error_once() {
    let world = World::of(&["a", "b"]).await;
    world.fail("b", 403);
    let mut watch = world.watch(["a", "b", "gone"]);
    let first = changes(&mut watch, 3).await;
    assert_eq!(first["a"].changed, [Changed::First]);
    assert!(first["gone"].error.as_ref().unwrap().is_not_found());
    assert_eq!(first["b"].changed, [Changed::First, Changed::ErrorBegan]);
    assert_eq!(first["b"].error.as_ref().unwrap().code(), Some("NO"));
    assert_eq!(first["b"].to_string(), "b  the API answered 403 Forbidden (NO)");
    assert_silent(&mut watch).await;

    world.fail("b", 402);
    assert_eq!(next(&mut watch).await.changed, [Changed::ErrorBegan]);
    world.set("b", ready());
    expect(&mut watch, &[Changed::Readiness, Changed::ErrorEnded], "b  ready").await;
    // The states before and after the next error are compared.
    world.fail("b", 403);
    assert_eq!(next(&mut watch).await.changed, [Changed::ErrorBegan]);
    world.set("b", ready());
    expect(&mut watch, &[Changed::ErrorEnded], "b  answers again: ready").await;
    let [others, gone] = ["/a", "gone"].map(|id| world.requests(id));
    assert!(others > 3 && gone <= 1 + others / 5, "{others} and {gone}");
}

#[tokio::test]
async fn watch_rejects_zero_interval_and_ends_without_ids() {
    let server = always(ok()).await;
    let client = client(&server);
    assert!(client.numbers([""; 0]).watch(EVERY).next().await.is_none());
    let events: Vec<_> = client.numbers(["a"]).watch(Duration::ZERO).collect().await;
    let [change] = &events[..] else { panic!("{events:?}") };
    assert!(change.error.as_ref().unwrap().is_invalid_input() && change.id.is_none(), "{change:?}");
    assert!(change.to_string().starts_with("the interval of a watch is 0"), "{change}");
    let events: Vec<_> = client.watch_all(Duration::ZERO).collect().await;
    assert_eq!(events.len(), 1);
    assert_eq!(server.requests().len(), 0);
    // An invalid id is one error without an id, and does not stop the watch.
    let mut watch = client.numbers(["..", "a"]).watch(EVERY);
    let first = changes(&mut watch, 2).await;
    assert!(first[""].error.as_ref().unwrap().is_invalid_input());
    // An endless interval does not panic.
    let mut watch = client.numbers(["a"]).watch(Duration::MAX);
    next(&mut watch).await;
    assert!(watch.next().now_or_never().is_none());
}

#[tokio::test]
async fn listed_and_unlisted_numbers_are_reported() {
    let world = World::of(&["a", "b"]).await;
    let mut watch = world.watch_all();
    for change in changes(&mut watch, 2).await.values() {
        assert_eq!(change.changed, [Changed::First]);
    }
    world.set("c", ready());
    let changed = [Changed::First, Changed::Listed];
    expect(&mut watch, &changed, "c  newly listed: ready").await;
    world.remove("a");
    let mut events = vec![next(&mut watch).await];
    if events[0].error.is_some() {
        // The removed number may be polled before the list is read again.
        events.push(next(&mut watch).await);
    }
    let change = events.pop().unwrap();
    assert!(change.source == ChangeSource::Unlisted, "{change:?}");
    assert_eq!(change.to_string(), "a  no longer listed");
    assert_silent(&mut watch).await;

    world.fail(LIST, 403);
    let change = next(&mut watch).await;
    assert!(change.id.is_none() && change.error.as_ref().unwrap().is_forbidden(), "{change:?}");
    assert!(
        change.to_string().starts_with("the list of numbers: the API answered 403"),
        "{change}"
    );
    assert_silent(&mut watch).await;
    world.remove(LIST);
    expect(&mut watch, &[Changed::ErrorEnded], "the list of numbers: answers again").await;
    world.set("b", json!({ "state": "CLOSE" }));
    assert_eq!(id(&next(&mut watch).await), "b");
}

#[tokio::test]
async fn resumed_list_watch_reports_listed_and_unlisted() {
    let world = World::of(&["a", "b"]).await;
    let before = state(json!({ "a": { "level": "ready" }, "z": { "level": "ready" } }));
    let mut watch = world.watch_all().resume(before);
    let events = changes(&mut watch, 2).await;
    assert_eq!(events["z"].changed, [Changed::Unlisted]);
    assert_eq!(events["b"].changed, [Changed::First, Changed::Listed]);
    assert_silent(&mut watch).await;
}

#[tokio::test]
async fn list_with_invalid_items_unlists_no_number() {
    let world = World::of(&["a", "b"]).await;
    world.list(r#"[{"id":"a"},{"id":{}}]"#);
    let resumed = json!({ "a": { "level": "ready" }, "b": { "level": "ready" } });
    let mut watch = world.watch_all().resume(state(resumed));
    let table = watch.table();
    until(&mut watch, || table.is_complete()).await;
    assert!(table.get("b").unwrap().polled_at.is_some(), "it is not in the first list");
    let lists = [
        r#"[{"name":"x"}]"#,
        r#"[{"id":"a"},{"id":["b"]}]"#,
        r#"[{"id":"a"},{"id":""},{"id":"b"}]"#,
    ];
    for list in lists {
        world.list(list);
        assert_silent(&mut watch).await;
    }
}

#[tokio::test]
async fn status_watch_changes_only_state() {
    let world = World::of(&["a"]).await;
    world.set("a", json!({ "state": "CLOSE" }));
    let mut watch = world.watch(["a"]).statuses();
    expect(&mut watch, &[Changed::First], "a  state CLOSE").await;
    assert_eq!(world.requests(""), world.requests("/a/status"));
    let a = json!({ "level": "blocked", "quality": "RED", "state": "CLOSE" });
    let mut watch = world.watch(["a"]).statuses().resume(state(json!({ "a": a })));
    assert_silent(&mut watch).await;
    world.set("a", json!({ "isFullyConnected": false }));
    assert_silent(&mut watch).await;
    // Each state change is printed, even if a readiness reason repeats it.
    for (state, line) in [("OPEN", "a  state CLOSE → OPEN"), ("CLOSE", "a  state OPEN → CLOSE")]
    {
        world.set("a", json!({ "state": state }));
        let change = expect(&mut watch, &[Changed::State], line).await;
        assert_eq!(change.after.quality.unwrap().as_str(), "RED");
    }
}

#[tokio::test]
async fn change_filter_selects_reported_changes() {
    let world = World::of(&["a"]).await;
    let watch = world.watch(["a"]);
    let mut watch = watch.on(|before, after| before.quality != after.quality);
    next(&mut watch).await;
    world.set("a", json!({ "state": "CLOSE" }));
    assert_silent(&mut watch).await;
    world.set("a", json!({ "state": "OPEN", "health": { "qualityRating": "GREEN" } }));
    assert!(next(&mut watch).await.has(Changed::Quality));
}

#[tokio::test]
async fn concurrency_limit_lengthens_rounds() {
    let server = always(Reply::Late(Duration::from_millis(200), Box::new(ok()))).await;
    let mut watch = client(&server).numbers(["a", "b", "c"]).watch(EVERY).concurrency(1);
    let ids: BTreeSet<_> = changes(&mut watch, 3).await.into_keys().collect();
    assert_eq!(ids.len(), 3, "every number is polled");
    assert!(server.requests().len() <= 4, "{}", server.requests().len());
    assert!(watch.interval() > EVERY * 2, "{:?}", watch.interval());
}

#[tokio::test]
async fn dropped_watch_sends_no_more_requests() {
    let world = World::of(&["a", "b"]).await;
    let mut watch = world.watch(["a", "b"]);
    tokio::spawn(async move { changes(&mut watch, 2).await }).await.unwrap();
    let asked = world.requests("");
    tokio::time::sleep(EVERY * 3).await;
    assert_eq!(world.requests(""), asked);
}

#[tokio::test]
async fn watch_retains_whole_numbers_on_request() {
    let world = World::of(&["a"]).await;
    world.set("a", json!({ "name": "old" }));
    let mut watch = world.watch(["a"]).keep_whole();
    assert!(next(&mut watch).await.previous.is_none());
    world.set("a", json!({ "name": "new", "state": "CLOSE" }));
    let change = next(&mut watch).await;
    assert_eq!(change.previous.as_ref().unwrap().name.as_deref(), Some("old"));
    assert_eq!(change.number.as_ref().unwrap().name.as_deref(), Some("new"));
}

/// Returns a reply whose values must not be printed and differ in each response.
fn free_text(id: &str, n: usize) -> Reply {
    let text = format!("+5511999999999 anna@example.com {KEY} request {n}");
    let number = match id {
        "reason" => json!({ "health": { "sendable": false, "reason": text } }),
        "code" => json!({ "health": { "sendable": false, "code": text } }),
        "quality" => json!({ "health": { "qualityRating": text } }),
        "limit" => json!({ "health": { "messagingLimitTier": text } }),
        "status" => json!({ "health": { "metaStatus": text } }),
        "state" => json!({ "state": text }),
        "charge" => json!({ "extraChargeUnpaidSince": text }),
        "errors" => json!({ "meta": { "errors": { text: "x" } } }),
        "numbered" => return Reply::json(403, json!({ "code": format!("REQ_{n}") }).to_string()),
        _ => return Reply::json(403, json!({ "error": text, "code": text }).to_string()),
    };
    let mut number = number;
    number["id"] = id.into();
    Reply::json(200, number.to_string())
}

#[tokio::test]
async fn free_text_is_not_compared_printed_or_stored() {
    let answer = |n, request: &Request| free_text(request.line.rsplit('/').next().unwrap(), n);
    let server = serve(answer).await;
    let ids = [
        "reason", "code", "quality", "limit", "status", "state", "charge", "errors", "error",
        "numbered",
    ];
    let mut watch = client(&server).numbers(ids).watch(EVERY);
    let first = changes(&mut watch, ids.len()).await;
    assert_silent(&mut watch).await;
    let mut kept = serde_json::to_string(&watch.state()).unwrap();
    for change in first.values() {
        kept += &format!("{change} {}", serde_json::to_string(change).unwrap());
    }
    // Shorter digits may occur in the time of a change.
    for text in ["5511999999", "anna", "example.com", &KEY[..8], "request"] {
        assert!(!kept.contains(text), "{text} in {kept}");
    }
}

#[tokio::test]
async fn unknown_values_are_compared_and_printed_as_codes() {
    let world = World::of(&["a"]).await;
    let mut watch = world.watch(["a"]);
    next(&mut watch).await;
    let health =
        |quality: &str| json!({ "health": { "sendable": true, "qualityRating": quality } });
    let cases = [("PURPLE", "a  quality unknown → PURPLE"), ("GREEN", "a  quality PURPLE → GREEN")];
    for (quality, line) in cases {
        world.set("a", health(quality));
        expect(&mut watch, &[Changed::Quality], line).await;
    }
    world.set("a", health("a\u{2028}b\u{202e}c"));
    let line = next(&mut watch).await.to_string();
    assert!(line.chars().all(|c| c == '→' || c.is_ascii_graphic() || c == ' '), "{line:?}");
    world.set("a", health("VIOLET"));
    assert_silent(&mut watch).await;
}

#[tokio::test]
async fn older_snapshot_is_ignored() {
    // Seconds that the server's clock is ahead, if its responses have a date.
    let date = |ahead: i64| chrono::Utc::now() + chrono::TimeDelta::seconds(ahead);
    let snapshot = move |n: usize, ahead: Option<i64>| {
        let (age, quality) = if n.is_multiple_of(2) { (0, "RED") } else { (3_600, "GREEN") };
        let number = json!({
            "id": "a", "health": { "qualityRating": quality },
            "meta": { "fetchedAt": date(ahead.unwrap_or_default() - age).to_rfc3339() },
        });
        let reply = Reply::json(200, number.to_string());
        match ahead {
            Some(ahead) => {
                let date = date(ahead).format("%a, %d %b %Y %H:%M:%S GMT");
                reply.with("date", date.to_string())
            }
            None => reply,
        }
    };
    for (ahead, refresh) in [(None, false), (Some(600), false), (Some(600), true)] {
        let server = serve(move |n, _| snapshot(n, ahead)).await;
        let watch = client(&server).numbers(["a"]).watch(EVERY).keep_whole();
        let mut watch = if refresh { watch.refresh() } else { watch };
        assert_eq!(next(&mut watch).await.after.quality.unwrap().as_str(), "RED");
        assert_silent(&mut watch).await;
        let is_refresh = |request: Request| request.line.ends_with("?refresh=1");
        assert!(server.requests().into_iter().all(|request| is_refresh(request) == refresh));
    }
}

#[tokio::test]
async fn id_spellings_refer_to_one_number() {
    let world = World::of(&["a", "b"]).await;
    world.list(r#"[{"id":" a\n"},{"id":"a"},{"id":"b"}]"#);
    for mut watch in [world.watch(["a\r\n", "\"a\"", "a", " b"]), world.watch_all()] {
        let first = changes(&mut watch, 2).await;
        assert_eq!(first.into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_silent(&mut watch).await;
    }
}

#[tokio::test]
async fn snapshot_from_future_does_not_stop_watch() {
    let world = World::of(&["a"]).await;
    let at = |year: u32, quality: &str| {
        let date = format!("{year}-01-01T00:00:00Z");
        json!({ "health": { "qualityRating": quality }, "meta": { "fetchedAt": date } })
    };
    world.set("a", at(9999, "RED"));
    let mut watch = world.watch(["a"]);
    next(&mut watch).await;
    world.set("a", at(2026, "GREEN"));
    assert!(next(&mut watch).await.has(Changed::Quality));
    let a = json!({ "level": "ready", "fetchedAt": "2999-01-01T00:00:00Z" });
    let mut watch = world.watch(["a"]).resume(state(json!({ "a": a })));
    assert!(next(&mut watch).await.has(Changed::Quality));
}

#[tokio::test]
async fn list_missing_known_numbers_is_requested_again() {
    let world = World::of(&["a", "b"]).await;
    let mut watch = world.watch_all();
    changes(&mut watch, 2).await;
    for list in ["[]", r#"{"numbers":[]}"#, r#"{"data":[]}"#, r#"[{"id":"z"}]"#] {
        let seen = world.requests("/numbers");
        world.list(list);
        let events = until(&mut watch, || world.requests("/numbers") > seen).await;
        assert!(events.is_empty(), "{events:?}");
        world.remove(LIST);
        assert_silent(&mut watch).await;
    }
    world.list("[]");
    for change in changes(&mut watch, 2).await.values() {
        assert_eq!(change.changed, [Changed::Unlisted]);
    }
}

#[tokio::test]
async fn error_with_empty_list_is_list_failure() {
    let world = World::of(&["a"]).await;
    let mut watch = world.watch_all();
    changes(&mut watch, 1).await;
    world.list(r#"{"data":[],"error":"timeout","code":"UPSTREAM_TIMEOUT"}"#);
    let change = next(&mut watch).await;
    assert_eq!(change.error.as_ref().unwrap().code(), Some("UPSTREAM_TIMEOUT"), "{change}");
    assert_silent(&mut watch).await;
    // A partial list with an error does not unlist the other numbers.
    world.list(r#"{"data":[{"id":"b"}],"error":"timeout"}"#);
    let events = changes(&mut watch, 2).await;
    assert!(!events.contains_key("a"), "{events:?}");
}

#[tokio::test]
async fn watch_timeout_applies_to_list() {
    let server = always(Reply::Silence).await;
    let mut watch = client(&server).watch_all(EVERY).timeout(Duration::from_millis(100));
    let change = next(&mut watch).await;
    assert!(change.id.is_none() && change.error.as_ref().unwrap().is_timeout(), "{change}");
    let mut watch = client(&server).watch_all(EVERY).timeout(Duration::ZERO);
    let change = next(&mut watch).await;
    assert!(change.error.as_ref().unwrap().is_invalid_input(), "{change}");
}

#[tokio::test]
async fn watch_state_is_read_back_in_every_format() {
    type Write = fn(&WatchState) -> Vec<u8>;
    type Read = fn(&[u8]) -> WatchState;
    let formats: [(&str, Write, Read); 4] = [
        ("JSON", |s| serde_json::to_vec(s).unwrap(), |b| serde_json::from_slice(b).unwrap()),
        ("postcard", |s| postcard::to_allocvec(s).unwrap(), |b| postcard::from_bytes(b).unwrap()),
        ("MessagePack", |s| rmp_serde::to_vec(s).unwrap(), |b| rmp_serde::from_slice(b).unwrap()),
        (
            "MessagePack with names",
            |s| rmp_serde::to_vec_named(s).unwrap(),
            |b| rmp_serde::from_slice(b).unwrap(),
        ),
    ];
    let world = World::of(&["a", "b", "c", "d"]).await;
    let unwell = json!({ "sendable": false, "code": "C", "qualityRating": "RED", "messagingLimitTier": "TIER_2K" });
    world.set("b", json!({ "state": "CLOSE", "health": unwell, "meta": { "fetchedAt": "2026-01-01T10:00:00.000Z" } }));
    world.fail("c", 403);
    world.set("d", json!({}));
    let mut watch = world.watch(["a", "b", "c", "d"]);
    changes(&mut watch, 4).await;
    let written = watch.state();
    for (name, write, read) in formats {
        let mut bytes = write(&written);
        assert_eq!(read(&bytes), written, "{name}");
        // An entry of a newer version of the crate is skipped.
        let at = bytes.windows(7).position(|word| word == b"blocked").unwrap();
        bytes[at] = b'x';
        let known: Vec<_> = read(&bytes).iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(known, ["a", "c", "d"], "{name}");
    }
    let value = serde_json::to_value(&written).unwrap();
    assert_eq!(state(value), written);
    drop(watch);
    let mut watch = world.watch(["a", "b", "c", "d"]).resume(written);
    assert_silent(&mut watch).await;
}

#[test]
fn malformed_watch_state_entry_is_skipped() {
    let unknown =
        json!({ "new": 1, "quality": "PURPLE", "error": { "kind": "server", "status": 500 } });
    let state = state(json!({ "a": unknown, "b": 7, "c": null, "d": { "level": 1 }, "e": [] }));
    let (_, a) = state.iter().find(|(id, _)| **id == "a").unwrap();
    assert_eq!(a.quality.as_ref().unwrap().as_str(), "PURPLE");
    assert_eq!(a.error.as_ref().unwrap().to_string(), "server 500");
}

#[tokio::test]
async fn call_not_sent_under_rate_limit_emits_nothing() {
    let world = World::of(&["a", "b"]).await;
    let client = builder(&world.server).timeout(Duration::from_secs(1)).build().unwrap();
    let mut watch = client.watch_all(EVERY);
    let table = watch.table();
    changes(&mut watch, 2).await;
    world.reply("a", Reply::json(429, "{}").with("retry-after", "3600"));
    let change = next(&mut watch).await;
    assert!(change.error.as_ref().is_some_and(Error::is_rate_limited), "{change}");
    // From here on, the calls for the numbers and for the list are not sent.
    let (requests, calls) = (world.requests(""), client.stats().calls);
    let events = until(&mut watch, || client.stats().calls > calls + 10).await;
    assert!(events.is_empty() && table.error().is_none(), "{events:?} {:?}", table.error());
    assert!(world.requests("") <= requests + 2, "only calls that were in flight are sent");
}

#[tokio::test]
async fn refused_key_is_reported_once() {
    let ids: Vec<String> = (0..40).map(|n| format!("num_{n:02}")).collect();
    let world = World::of(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let refuse = |world: &World| ids.iter().for_each(|id| world.fail(id, 401));
    refuse(&world);
    let mut watch = client(&world.server).numbers(ids.clone()).watch(EVERY);
    let table = watch.table();
    let change = next(&mut watch).await;
    assert!(change.id.is_none() && change.error.as_ref().unwrap().is_unauthorized(), "{change}");
    assert!(change.to_string().starts_with("the key is refused: "), "{change}");
    assert!(table.wait_until_complete().await.unwrap_err().is_unauthorized());
    // Only calls in flight and probes, ten intervals apart, are sent.
    let quiet = tokio::time::timeout(EVERY * 25, watch.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert!(world.requests("") < 25, "{} requests", world.requests(""));

    for id in &ids {
        world.set(id, ready());
    }
    let change = next(&mut watch).await;
    assert!(change.source == ChangeSource::KeyAccepted && change.id.is_none(), "{change}");
    assert!(table.error().is_none());
    let changes = changes(&mut watch, ids.len()).await;
    assert!(changes.keys().eq(&ids) && changes.values().all(|c| c.has(Changed::First)));
    table.wait_until_complete().await.unwrap();

    assert!(table.to_prometheus().contains("\npilot_status_watch_failing 0\n"));
    refuse(&world);
    assert!(next(&mut watch).await.error.unwrap().is_unauthorized());
    // The refusal is the reason for every number, also for one that was polled before.
    for key in ["num_00", "another"] {
        let reason = table.fresh(key, PATIENCE).unwrap_err();
        assert_eq!(reason.to_string(), "the last call failed: unauthorized 401 NO", "{key}");
        assert_eq!(reason.gateway_status(), 503, "{key}");
    }
    assert!(table.to_prometheus().contains("\npilot_status_watch_failing 1\n"));
}

#[tokio::test]
async fn refused_key_of_list_is_reported_once() {
    let world = World::of(&["num_1"]).await;
    world.fail(LIST, 401);
    let mut watch = world.watch_all();
    let table = watch.table();
    assert!(next(&mut watch).await.error.unwrap().is_unauthorized());
    assert_silent(&mut watch).await;
    // A failed probe does not prove that the key is accepted.
    world.fail(LIST, 402);
    assert!(!next(&mut watch).await.error.unwrap().is_unauthorized());
    assert!(table.error().is_some_and(|error| error.is_unauthorized()), "{:?}", table.error());
    world.remove(LIST);
    for source in [ChangeSource::KeyAccepted, ChangeSource::List] {
        assert_eq!(next(&mut watch).await.source, source);
    }
    assert_eq!(id(&next(&mut watch).await), "num_1");
    assert!(table.error().is_none());
}

#[tokio::test]
async fn refusal_of_one_source_is_its_own_error() {
    for refused in [LIST, "b"] {
        let world = World::of(&["a", "b"]).await;
        let mut watch = world.watch_all();
        let table = watch.table();
        changes(&mut watch, 2).await;
        world.fail(refused, 401);
        assert!(next(&mut watch).await.error.unwrap().is_unauthorized());
        assert_eq!(next(&mut watch).await.source, ChangeSource::KeyAccepted);
        // Another call was accepted, so the key is not refused.
        let change = next(&mut watch).await;
        assert!(change.error.as_ref().unwrap().is_unauthorized(), "{change}");
        assert_eq!(change.id.is_none(), refused == LIST);
        assert_eq!(table.error().is_some(), refused == LIST);
        let seen = world.requests("/a");
        let events = until(&mut watch, || world.requests("/a") > seen + 10).await;
        assert!(events.is_empty(), "{events:?}");
        world.fail(refused, 403);
        assert!(next(&mut watch).await.error.unwrap().is_forbidden());
    }
}
