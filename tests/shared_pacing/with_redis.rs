//! Sharing through a real Redis server, and its faults.

use std::time::{Duration, Instant};

use pilot_status::{
    Client, Pacing,
    shared_limit::{RedisLimit, Reply, SharedLimit, Step},
};
use support::{KEY, Reply as Answer, Server, builder, ok, serve};

use crate::redis_server::RedisServer;

/// Starts a server that rejects every tenth request.
async fn server() -> Server {
    let refusal = Answer::json(429, "{}").with("retry-after", "0.05");
    let answer = move |n, _: &_| if n % 10 == 1 { refusal.clone() } else { ok() };
    serve(answer).await
}

async fn client(server: &Server, redis: &RedisServer) -> Client {
    let store = RedisLimit::new(redis.manager().await);
    builder(server).pacing(Pacing::shared(store)).build().unwrap()
}

/// Makes `count` calls and asserts that all succeed.
async fn calls(client: &Client, count: usize) {
    for n in 0..count {
        let answer = client.number("num_1").get().await;
        assert!(answer.is_ok(), "call {n}: {answer:?}");
    }
}

/// Returns the keys of shared state.
async fn keys(redis: &RedisServer) -> Vec<String> {
    let mut connection = redis.try_connection().await.unwrap();
    redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap()
}

/// Makes calls until their state is in the store; panics if that takes over 20 s.
async fn share(redis: &RedisServer, client: &Client, when: &str) {
    let start = Instant::now();
    loop {
        calls(client, 12).await;
        for key in keys(redis).await {
            if redis.command(&format!("TYPE {key}")).await
                == redis::Value::SimpleString("hash".into())
            {
                return;
            }
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{when}: no state is shared");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn stored_state_expires_and_reveals_nothing() {
    let Some(redis) = RedisServer::start().await else { return };
    let server = server().await;
    let client = client(&server, &redis).await;
    share(&redis, &client, "at first").await;
    let keys = keys(&redis).await;
    let [key] = &keys[..] else { panic!("{keys:?}") };
    assert_eq!(key.len(), "pilot-status:limit:3:".len() + 32, "{key}");
    let kept = format!("{:?}", redis.command(&format!("HGETALL {key}")).await);
    for secret in [KEY, "num_1"] {
        assert!(!kept.contains(secret) && !key.contains(secret), "{key} {kept}");
    }
    let redis::Value::Int(ms) = redis.command(&format!("PTTL {key}")).await else {
        panic!("the key does not expire")
    };
    assert!((1..=125_000).contains(&ms), "{ms}");
}

#[tokio::test]
async fn redis_fault_fails_no_call_and_sharing_resumes() {
    // The name of the fault, the command that starts it, and the command that ends it, if it needs
    // one.
    let faults = [
        ("wiped", "FLUSHALL", ""),
        ("its scripts are gone", "SCRIPT FLUSH", ""),
        ("out of memory", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("read-only", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("slow", "CLIENT PAUSE 1000 ALL", ""),
        ("busy with another type", "SET KEY x", "DEL KEY"),
    ];
    for (name, begin, end) in faults {
        let Some(redis) = RedisServer::start().await else { return };
        let server = server().await;
        let client = client(&server, &redis).await;
        share(&redis, &client, name).await;
        let key = keys(&redis).await.pop().unwrap();
        for words in [begin, end] {
            if !words.is_empty() {
                redis.command(&words.replace("KEY", &key)).await;
            }
            calls(&client, 25).await;
        }
        share(&redis, &client, name).await;
    }
}

#[tokio::test]
async fn redis_restart_fails_no_call() {
    let Some(redis) = RedisServer::start().await else { return };
    let server = server().await;
    let client = client(&server, &redis).await;
    share(&redis, &client, "before the restart").await;
    let port = redis.port();
    drop(redis);
    calls(&client, 100).await;
    let redis = RedisServer::start_on(port).await.unwrap();
    share(&redis, &client, "after the restart").await;
}

#[tokio::test]
async fn any_name_and_foreign_state_are_tolerated() {
    let Some(redis) = RedisServer::start().await else { return };
    for name in ["", "a b", "ç\n\0{}*", &"x".repeat(10_000)] {
        let store = RedisLimit::new(redis.manager().await).name(name);
        let free = store.step("ignored", Step::Look).await.unwrap();
        assert_eq!(free, Reply::Free, "{name:?}");
    }
    for value in ["x", "1e400", "-1", "nan", ""] {
        let key = "pilot-status:limit:3:malformed";
        let fields = format!("epoch 1 held_until {value} rate {value} expires 1e300");
        redis.command(&format!("HSET {key} {fields}")).await;
        let server = server().await;
        let store = RedisLimit::new(redis.manager().await).name("malformed");
        let retry = pilot_status::RetryPolicy::default()
            .base_delay(Duration::from_millis(2))
            .max_delay(Duration::from_millis(200));
        let client = builder(&server).retry(retry).pacing(Pacing::shared(store)).build().unwrap();
        calls(&client, 8).await;
        redis.command(&format!("DEL {key}")).await;
    }
}

#[tokio::test]
async fn redis_password_is_not_printed() {
    let Some(redis) = RedisServer::start().await else { return };
    redis.command("CONFIG SET requirepass right").await;
    let url = format!("redis://:right@127.0.0.1:{}", redis.port());
    let manager = redis::Client::open(url).unwrap().get_connection_manager().await.unwrap();
    assert!(!format!("{:?}", RedisLimit::new(manager)).contains("right"));
}
