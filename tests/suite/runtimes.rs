//! A client works in another runtime after its first one is dropped or stops.

use std::time::Duration;

use futures_util::FutureExt;
use support::{always, client, ok};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn client_reconnects_after_runtime_is_dropped() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(always(ok()));
    let client = client(&server);
    for _ in 0..3 {
        // Connections are tasks of this runtime and end with it.
        let runtime = runtime();
        let number = runtime.block_on(client.number("num_1").get());
        assert!(number.is_ok(), "{number:?}");
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn refresh_on_stopped_runtime_is_restarted_elsewhere() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(always(ok()));
    let client =
        support::builder(&server).attempt_timeout(Duration::from_millis(300)).build().unwrap();
    let still = runtime();
    let mut begun = Box::pin(client.number("num_1").refresh());
    still.block_on(async { assert!((&mut begun).now_or_never().is_none()) });
    // The runtime `still` is not driven from here on.
    let refreshed = runtime().block_on(client.number("num_1").refresh());
    assert!(refreshed.is_ok(), "{refreshed:?}");
}
