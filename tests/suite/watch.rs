//! A watch tells what is at first, and then what changes, as it changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use pilot_status::{Change, Changed, Client, Current, Watch, WatchState};
use serde_json::{Value, json};
use support::{Reply, Request, Server, always, builder, client, ok};

const EVERY: Duration = Duration::from_millis(100);
/// What a busy machine may need for what takes no time.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the numbers of a server are, as the test has it.
#[derive(Clone, Default)]
struct World(Arc<Mutex<BTreeMap<String, Reply>>>);

impl World {
    fn of(ids: &[&str]) -> Self {
        let world = Self::default();
        for id in ids {
            world.set(id, Ok(json!({ "health": { "sendable": true } })));
        }
        world
    }

    /// From now on the number is this, or its calls end with this status.
    fn set(&self, id: &str, number: Result<Value, u16>) {
        let reply = match number {
            Ok(mut number) => {
                number["id"] = id.into();
                Reply::json(200, number.to_string())
            }
            Err(status) => Reply::json(status, r#"{"error":"no","code":"NO"}"#),
        };
        self.0.lock().unwrap().insert(id.to_owned(), reply);
    }

    fn remove(&self, id: &str) {
        self.0.lock().unwrap().remove(id);
    }

    async fn server(&self) -> Server {
        let world = self.clone();
        Server::start(move |_, request| world.answer(request)).await.unwrap()
    }

    fn answer(&self, request: &Request) -> Reply {
        let world = self.0.lock().unwrap();
        if request.line == "GET /v1/numbers" {
            if let Some(failure) = world.get("the list") {
                return failure.clone();
            }
            let list = world.keys().map(|id| json!({ "id": id })).collect::<Value>();
            return Reply::json(200, list.to_string());
        }
        let id = request.line.split(['/', '?']).nth(3).unwrap();
        world.get(id).cloned().unwrap_or_else(|| Reply::json(404, r#"{"error":"no"}"#))
    }
}

async fn next(watch: &mut Watch) -> Change {
    tokio::time::timeout(PATIENCE, watch.next()).await.expect("a change").expect("no end")
}

/// The next changes, by their ids.
async fn changes(watch: &mut Watch, count: usize) -> BTreeMap<String, Change> {
    let mut changes = BTreeMap::new();
    for _ in 0..count {
        let change = next(watch).await;
        changes.insert(change.id.to_string(), change);
    }
    changes
}

/// That nothing is told for some rounds.
async fn assert_silent(watch: &mut Watch) {
    let told = tokio::time::timeout(EVERY * 5, watch.next()).await;
    assert!(told.is_err(), "{told:?}");
}

fn requests(server: &Server, id: &str) -> usize {
    server.requests().iter().filter(|request| request.line.contains(id)).count()
}

#[tokio::test]
async fn what_is_comes_first_and_then_only_what_changes() {
    let world = World::of(&["a", "b"]);
    let server = world.server().await;
    let mut watch = client(&server).numbers(["a", "b", "a"]).watch(EVERY);
    for (id, change) in changes(&mut watch, 2).await {
        assert_eq!(
            (change.changed.as_slice(), change.before.as_ref()),
            (&[Changed::First][..], None)
        );
        assert_eq!(change.number().unwrap().id, id);
        assert_eq!(change.to_string(), format!("{id}  ready"));
    }
    assert_silent(&mut watch).await;

    world.set("b", Ok(json!({ "health": { "sendable": true, "qualityRating": "RED" } })));
    let change = next(&mut watch).await;
    assert_eq!(change.changed, [Changed::Readiness, Changed::Quality]);
    assert_eq!(change.to_string(), "b  ready → degraded: quality RED");
    assert_eq!(change.before.unwrap().quality, None);

    world.set("a", Ok(json!({ "state": "CLOSE", "health": { "messagingLimitTier": "TIER_2K" } })));
    let change = next(&mut watch).await;
    assert_eq!(change.changed, [Changed::Readiness, Changed::Limit, Changed::State]);
    assert_eq!(
        change.to_string(),
        "a  ready → blocked: not connected (CLOSE); limit not told → TIER_2K"
    );
    assert_silent(&mut watch).await;
}

#[tokio::test]
async fn an_error_is_told_once_until_it_changes_or_ends_and_disturbs_no_other() {
    let world = World::of(&["a", "b"]);
    world.set("b", Err(403));
    let server = world.server().await;
    let mut watch = client(&server).numbers(["a", "b"]).watch(EVERY);
    let first = changes(&mut watch, 2).await;
    assert_eq!(first["a"].changed, [Changed::First]);
    assert_eq!(first["b"].changed, [Changed::First, Changed::ErrorBegan]);
    assert_eq!(first["b"].error().unwrap().code(), Some("NO"));
    assert_eq!(first["b"].to_string(), "b  the API answered 403 Forbidden (NO)");
    assert_silent(&mut watch).await;

    world.set("b", Err(402));
    assert_eq!(next(&mut watch).await.changed, [Changed::ErrorBegan]);
    world.set("b", Ok(json!({ "health": { "sendable": true } })));
    let change = next(&mut watch).await;
    assert!(change.has(Changed::ErrorEnded), "{change:?}");
    assert_eq!(change.to_string(), "b  ready");
    assert!(requests(&server, "a") > 3, "the others are asked for meanwhile");
}

#[tokio::test]
async fn what_was_seen_before_an_error_is_compared_with_what_is_seen_after_it() {
    let world = World::of(&["a"]);
    let server = world.server().await;
    let mut watch = client(&server).numbers(["a"]).watch(EVERY);
    next(&mut watch).await;
    world.set("a", Err(403));
    assert_eq!(next(&mut watch).await.changed, [Changed::ErrorBegan]);
    world.set("a", Ok(json!({ "health": { "sendable": true } })));
    let change = next(&mut watch).await;
    assert_eq!(
        (change.changed.as_slice(), change.to_string().as_str()),
        (&[Changed::ErrorEnded][..], "a  answers again: ready")
    );
}

#[tokio::test]
async fn a_number_that_is_gone_is_told_and_asked_for_less_often() {
    let world = World::of(&["a"]);
    let server = world.server().await;
    let mut watch = client(&server).numbers(["a", "gone"]).watch(EVERY);
    let first = changes(&mut watch, 2).await;
    assert!(first["gone"].error().unwrap().is_not_found());
    assert_silent(&mut watch).await;
    let (there, gone) = (requests(&server, "/a"), requests(&server, "gone"));
    assert!(there >= 3 && gone == 1, "{there} and {gone}");
}

#[tokio::test]
async fn without_ids_it_ends_and_without_an_interval_it_is_refused() {
    let server = always(ok()).await;
    let client = client(&server);
    assert!(client.numbers([""; 0]).watch(EVERY).next().await.is_none());
    let told: Vec<_> = client.numbers(["a"]).watch(Duration::ZERO).collect().await;
    let [change] = &told[..] else { panic!("{told:?}") };
    assert!(change.error().unwrap().is_invalid_input() && change.id.is_empty(), "{change:?}");
    assert!(change.to_string().starts_with("the interval of a watch is 0"), "{change}");
    let told: Vec<_> = client.watch_all(Duration::ZERO).collect().await;
    assert_eq!(told.len(), 1);
    assert_eq!(server.requests().len(), 0);
    // An id that cannot be one is an error of its own.
    let mut watch = client.numbers(["..", "a"]).watch(EVERY);
    let first = changes(&mut watch, 2).await;
    assert!(first[".."].error().unwrap().is_invalid_input());
    // One that never comes again is no panic.
    let mut watch = client.numbers(["a"]).watch(Duration::MAX);
    next(&mut watch).await;
    assert!(watch.next().now_or_never().is_none());
}

#[tokio::test]
async fn a_program_that_is_started_anew_tells_only_what_changed_meanwhile() {
    let world = World::of(&["a", "b", "c"]);
    let server = world.server().await;
    let client = client(&server);
    let watch = || client.numbers(["a", "b", "d"]).watch(EVERY);
    let mut before = client.numbers(["a", "b", "c"]).watch(EVERY);
    changes(&mut before, 3).await;
    let kept = serde_json::to_string(&before.state()).unwrap();
    assert_eq!(kept, r#"{"a":{"level":"ready"},"b":{"level":"ready"},"c":{"level":"ready"}}"#);
    drop(before);

    world.set("a", Ok(json!({ "health": { "sendable": false } })));
    world.set("d", Ok(json!({})));
    let state: WatchState = serde_json::from_str(&kept).unwrap();
    let mut after = watch().resume(state);
    let told = changes(&mut after, 2).await;
    assert_eq!(told["a"].to_string(), "a  ready → blocked: not sendable");
    assert_eq!(told["d"].changed, [Changed::First]);
    assert_silent(&mut after).await;
    let known: Vec<_> = after.state().iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(known, ["a", "b", "d"], "of those that are not watched nothing is kept");
}

#[test]
fn a_state_may_have_more_or_less_than_this_version_knows() {
    let state = r#"{"a":{"new":1},"b":{"quality":"PURPLE","error":"server 500"}}"#;
    let state: WatchState = serde_json::from_str(state).unwrap();
    let (_, b) = state.iter().nth(1).unwrap();
    assert_eq!(b.quality.as_ref().unwrap().as_str(), "PURPLE");
}

#[tokio::test]
async fn numbers_that_come_and_go_are_changes() {
    let world = World::of(&["a", "b"]);
    let server = world.server().await;
    let mut watch = client(&server).watch_all(EVERY);
    for change in changes(&mut watch, 2).await.values() {
        assert_eq!(change.changed, [Changed::First]);
    }
    world.set("c", Ok(json!({ "health": { "sendable": true } })));
    let change = next(&mut watch).await;
    assert_eq!(
        (&*change.id, change.changed.as_slice()),
        ("c", &[Changed::First, Changed::Listed][..])
    );
    assert_eq!(change.to_string(), "c  newly listed: ready");
    world.remove("a");
    let mut told = vec![next(&mut watch).await];
    if told[0].error().is_some() {
        // It may be asked for between two looks at the list.
        told.push(next(&mut watch).await);
    }
    let change = told.pop().unwrap();
    assert!(matches!(change.current, Current::Unlisted), "{change:?}");
    assert_eq!(change.to_string(), "a  no longer listed");
    assert_silent(&mut watch).await;

    world.set("the list", Err(403));
    let change = next(&mut watch).await;
    assert!(change.id.is_empty() && change.error().unwrap().is_forbidden(), "{change:?}");
    assert!(
        change.to_string().starts_with("the list of numbers: the API answered 403"),
        "{change}"
    );
    assert_silent(&mut watch).await;
    world.remove("the list");
    let change = next(&mut watch).await;
    assert_eq!(change.to_string(), "the list of numbers: answers again");
    assert_eq!(change.changed, [Changed::ErrorEnded]);
    world.set("b", Ok(json!({ "state": "CLOSE" })));
    assert_eq!(&*next(&mut watch).await.id, "b");
}

#[tokio::test]
async fn a_list_that_is_resumed_tells_who_came_and_went_meanwhile() {
    let world = World::of(&["a", "b"]);
    let server = world.server().await;
    let state = json!({ "a": { "level": "ready" }, "z": { "level": "ready" } });
    let state = serde_json::from_value(state).unwrap();
    let mut watch = client(&server).watch_all(EVERY).resume(state);
    let told = changes(&mut watch, 2).await;
    assert_eq!(told["z"].changed, [Changed::Unlisted]);
    assert_eq!(told["b"].changed, [Changed::First, Changed::Listed]);
    assert_silent(&mut watch).await;
}

#[tokio::test]
async fn a_list_with_items_that_cannot_be_read_takes_nobody_away() {
    let world = World::of(&["a", "b"]);
    let server = world.server().await;
    let mut watch = client(&server).watch_all(EVERY);
    changes(&mut watch, 2).await;
    let lists = [
        r#"[{"name":"x"}]"#,
        r#"[{"id":"a"},{"id":["b"]}]"#,
        r#"[{"id":"a"},{"id":""},{"id":"b"}]"#,
    ];
    for list in lists {
        world.0.lock().unwrap().insert("the list".to_owned(), Reply::json(200, list));
        assert_silent(&mut watch).await;
    }
}

#[tokio::test]
async fn statuses_tell_the_state_alone_and_keep_what_else_was_seen() {
    let server = always(Reply::json(200, r#"{"id":"a","state":"OPEN"}"#)).await;
    let mut watch = client(&server).numbers(["a"]).watch(EVERY).statuses();
    assert_eq!(next(&mut watch).await.to_string(), "a  state OPEN");
    let state = json!({ "a": { "level": "blocked", "quality": "RED", "state": "CLOSE" } });
    let state = serde_json::from_value(state).unwrap();
    let mut watch = client(&server).numbers(["a"]).watch(EVERY).statuses().resume(state);
    let change = next(&mut watch).await;
    assert_eq!(change.changed, [Changed::State]);
    assert_eq!(change.to_string(), "a  state CLOSE → OPEN");
    assert_eq!(change.after.quality.unwrap().as_str(), "RED");
}

#[tokio::test]
async fn the_caller_may_say_what_counts() {
    let world = World::of(&["a"]);
    let server = world.server().await;
    let watch = client(&server).numbers(["a"]).watch(EVERY);
    let mut watch = watch.on(|before, after| before.quality != after.quality);
    next(&mut watch).await;
    world.set("a", Ok(json!({ "state": "CLOSE" })));
    assert_silent(&mut watch).await;
    world.set("a", Ok(json!({ "state": "OPEN", "health": { "qualityRating": "GREEN" } })));
    assert!(next(&mut watch).await.has(Changed::Quality));
}

#[tokio::test]
async fn each_way_of_asking_sends_its_own_request() {
    type Ask = fn(Watch) -> Watch;
    let reply = Reply::json(200, r#"{"id":"a","state":"OPEN"}"#);
    let ways: [(Ask, &str); 3] = [
        (|watch| watch, "GET /v1/numbers/a"),
        (Watch::refresh, "GET /v1/numbers/a?refresh=1"),
        (Watch::statuses, "GET /v1/numbers/a/status"),
    ];
    for (ask, line) in ways {
        let server = always(reply.clone()).await;
        let change = next(&mut ask(client(&server).numbers(["a"]).watch(EVERY))).await;
        assert_eq!(server.requests()[0].line, line);
        assert_eq!(change.after.state.unwrap().as_str(), "OPEN");
    }
}

#[tokio::test]
async fn the_first_round_is_spread_over_the_interval() {
    let ids: Vec<_> = (0..20).map(|n| format!("num_{n}")).collect();
    let server = always(ok()).await;
    let mut watch = client(&server).numbers(ids).watch(Duration::from_secs(3600));
    let told = next(&mut watch).await;
    assert_eq!(&*told.id, "num_0");
    assert!(watch.next().now_or_never().is_none());
    assert_eq!(server.requests().len(), 1, "the others come in the next hour");
    assert_eq!(watch.interval().as_secs(), 3600);
}

#[tokio::test]
async fn no_more_than_so_many_are_asked_for_at_once_and_rounds_take_longer() {
    let server = always(Reply::Late(Duration::from_millis(200), Box::new(ok()))).await;
    let mut watch = client(&server).numbers(["a", "b", "c"]).watch(EVERY).concurrency(1);
    let ids: BTreeSet<_> = changes(&mut watch, 3).await.into_keys().collect();
    assert_eq!(ids.len(), 3, "each has its turn");
    assert!(server.requests().len() <= 4, "{}", server.requests().len());
    assert!(watch.interval() > EVERY * 2, "{:?}", watch.interval());
}

#[tokio::test]
async fn a_429_slows_it_and_is_no_change() {
    let server = Server::start(|n, _| {
        if n == 1 { Reply::json(429, "{}").with("retry-after", "0.3") } else { ok() }
    })
    .await
    .unwrap();
    let mut watch = client(&server).numbers(["a", "b", "c"]).watch(EVERY);
    for change in changes(&mut watch, 3).await.values() {
        assert_eq!(change.changed, [Changed::First]);
    }
    assert_silent(&mut watch).await;
}

#[tokio::test]
async fn it_can_be_spawned_and_what_is_dropped_asks_no_more() {
    let server = Arc::new(World::of(&["a", "b"]).server().await);
    let client: Client = builder(&server).build().unwrap();
    let task = tokio::spawn(async move {
        let mut watch = client.numbers(["a", "b"]).watch(EVERY);
        changes(&mut watch, 2).await;
    });
    task.await.unwrap();
    let asked = server.requests().len();
    tokio::time::sleep(EVERY * 3).await;
    assert_eq!(server.requests().len(), asked);
}

#[tokio::test]
async fn a_number_is_kept_whole_where_it_is_asked_for() {
    let world = World::of(&["a"]);
    world.set("a", Ok(json!({ "name": "old" })));
    let server = world.server().await;
    let mut watch = client(&server).numbers(["a"]).watch(EVERY).keep_whole();
    assert!(next(&mut watch).await.previous.is_none());
    world.set("a", Ok(json!({ "name": "new", "state": "CLOSE" })));
    let change = next(&mut watch).await;
    assert_eq!(change.previous.as_ref().unwrap().name.as_deref(), Some("old"));
    assert_eq!(change.number().unwrap().name.as_deref(), Some("new"));
}
