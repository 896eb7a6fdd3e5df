//! A server with a fleet that the test sets, and helpers that poll a watch.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use pilot_status::{Change, Changed, NumberId, Watch, WatchState};
use serde_json::{Value, json};
use support::{Reply, Request, Server, client, serve};

pub(crate) const EVERY: Duration = Duration::from_millis(100);
/// Allowance for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server whose numbers the test sets.
pub(crate) struct World {
    pub(crate) server: Server,
    replies: Arc<Mutex<BTreeMap<String, Reply>>>,
}

/// The name under which a world has a list other than that of all numbers.
pub(crate) const LIST: &str = "the list";

impl World {
    /// Starts a server whose numbers with these ids are ready.
    pub(crate) async fn of(ids: &[&str]) -> Self {
        let replies = Arc::<Mutex<BTreeMap<String, Reply>>>::default();
        let answers = Arc::clone(&replies);
        let server = serve(move |_, request| answer(&answers.lock().unwrap(), request)).await;
        let world = Self { server, replies };
        for id in ids {
            world.set(id, ready());
        }
        world
    }

    pub(crate) fn set(&self, id: &str, mut number: Value) {
        number["id"] = id.into();
        self.reply(id, Reply::json(200, number.to_string()));
    }

    /// Lets all requests for a number, or for the list, fail with a status.
    pub(crate) fn fail(&self, id: &str, status: u16) {
        self.reply(id, Reply::json(status, r#"{"error":"no","code":"NO"}"#));
    }

    /// Sets the list instead of that of all numbers.
    pub(crate) fn list(&self, body: &str) {
        self.reply(LIST, Reply::json(200, body));
    }

    pub(crate) fn reply(&self, id: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(id.to_owned(), reply);
    }

    pub(crate) fn remove(&self, id: &str) {
        self.replies.lock().unwrap().remove(id);
    }

    pub(crate) fn watch<const N: usize>(&self, ids: [&'static str; N]) -> Watch {
        client(&self.server).numbers(ids).watch(EVERY)
    }

    pub(crate) fn watch_all(&self) -> Watch {
        client(&self.server).watch_all(EVERY)
    }

    /// Returns the number of requests so far whose line ends with this text.
    pub(crate) fn requests(&self, end: &str) -> usize {
        self.server.requests().iter().filter(|request| request.line.ends_with(end)).count()
    }
}

pub(crate) fn state(json: Value) -> WatchState {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn ready() -> Value {
    json!({ "health": { "sendable": true } })
}

fn answer(replies: &BTreeMap<String, Reply>, request: &Request) -> Reply {
    if request.line == "GET /v1/numbers" {
        let all = || replies.keys().map(|id| json!({ "id": id })).collect::<Value>();
        let list = replies.get(LIST).cloned();
        return list.unwrap_or_else(|| Reply::json(200, all().to_string()));
    }
    let id = request.line.split(['/', '?']).nth(3).unwrap();
    replies.get(id).cloned().unwrap_or_else(|| Reply::json(404, r#"{"error":"no"}"#))
}

pub(crate) async fn next(watch: &mut Watch) -> Change {
    tokio::time::timeout(PATIENCE, watch.next())
        .await
        .expect("a change in time")
        .expect("the watch continues")
}

/// Asserts what the next change is and how it is printed, and returns it.
pub(crate) async fn expect(watch: &mut Watch, changed: &[Changed], line: &str) -> Change {
    let change = next(watch).await;
    assert_eq!((&*change.changed, &*change.to_string()), (changed, line), "{change:?}");
    change
}

/// Returns the id of a change; empty for a change of the watch itself.
pub(crate) fn id(change: &Change) -> &str {
    change.id.as_ref().map(NumberId::as_str).unwrap_or_default()
}

/// Returns the next changes by id.
pub(crate) async fn changes(watch: &mut Watch, count: usize) -> BTreeMap<String, Change> {
    let mut changes = BTreeMap::new();
    for _ in 0..count {
        let change = next(watch).await;
        changes.insert(id(&change).to_owned(), change);
    }
    changes
}

/// Asserts that the watch emits no event for five rounds.
pub(crate) async fn assert_silent(watch: &mut Watch) {
    let event = tokio::time::timeout(EVERY * 5, watch.next()).await;
    assert!(event.is_err(), "{event:?}");
}

/// Polls the watch until the condition holds, and returns the events that it emits until then.
pub(crate) async fn until(watch: &mut Watch, is_so: impl Fn() -> bool) -> Vec<Change> {
    let end = tokio::time::Instant::now() + PATIENCE;
    let mut events = Vec::new();
    while !is_so() {
        assert!(tokio::time::Instant::now() < end, "not within {PATIENCE:?}; {events:?}");
        events.extend(tokio::time::timeout(EVERY / 5, watch.next()).await.ok().flatten());
    }
    events
}
