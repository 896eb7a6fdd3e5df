//! A fault of the local machine does not use the retry budget, and its error names the fix.
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

/// Set in the child process, which has few file descriptors.
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
#[ignore = "the test above runs it in a child process with few descriptors"]
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
    // A refused connection is a server fault and uses the budget.
    let errors = calls().await.into_iter().map(|result| result.unwrap_err().to_string());
    assert!(errors.into_iter().any(|error| error.contains("the retry budget is spent")));
}
