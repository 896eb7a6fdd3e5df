//! Servers with fixed replies.

use crate::{Reply, Server, example};

/// Starts a server that sends these replies in turn and then repeats the last one.
pub async fn replies(replies: Vec<Reply>) -> Server {
    Server::start(move |n, _| replies[n.min(replies.len() - 1)].clone()).await.unwrap()
}

/// Starts a server that always sends this reply.
pub async fn always(reply: Reply) -> Server {
    replies(vec![reply]).await
}

/// Returns the documented response.
pub fn ok() -> Reply {
    Reply::json(200, example().to_string())
}
