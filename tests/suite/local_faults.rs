//! A fault of this machine is none of the server's: it costs nothing of the retry budget, and says
//! what to do.
#![cfg(unix)]

use std::{
    env,
    fs::File,
    process::{Command, Stdio},
    time::Duration,
};

use futures_util::future::join_all;
use pilot_status::{Client, Pacing, RetryPolicy};
use support::KEY;

/// Set in the process whose descriptors are few.
const HAS_FEW_FILES: &str = "PILOT_STATUS_TEST_HAS_FEW_FILES";

#[test]
fn descriptor_exhaustion_does_not_use_retry_budget() {
    let mut child = Command::new("sh");
    child.args([
        "-c",
        "ulimit -n 100 && exec \"$0\" --exact local_faults::child_with_few_descriptors --ignored",
    ]);
    child.arg(env::current_exe().unwrap()).env(HAS_FEW_FILES, "1").stdin(Stdio::null());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
#[ignore = "run by the test above in a process with few descriptors"]
async fn child_with_few_descriptors() {
    if env::var_os(HAS_FEW_FILES).is_none() {
        return;
    }
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1));
    let client = Client::builder()
        .api_key(KEY)
        .base_url("http://127.0.0.1:1")
        .retry(retry)
        .pacing(Pacing::Off)
        .build()
        .unwrap();
    let calls = || join_all((0..60).map(|_| client.number("num_1").get()));
    let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    for result in calls().await {
        let error = result.unwrap_err();
        assert_eq!(error.attempts(), 5, "{error}");
        assert!(error.is_connect() && error.is_retryable(), "{error}");
        assert!(error.hint().unwrap().contains("file descriptors"), "{error:?}");
    }
    drop(files);
    // That the port is closed is no fault of this machine's.
    let errors = calls().await.into_iter().map(|result| result.unwrap_err().to_string());
    assert!(errors.into_iter().any(|error| error.contains("the retry budget is spent")));
}
