//! Servers whose replies are known beforehand.

use crate::{Reply, Server, example};

/// A server that gives these replies in turn, and the last one from then on.
pub async fn replies(replies: Vec<Reply>) -> Server {
    Server::start(move |n, _| replies[n.min(replies.len() - 1)].clone()).await.unwrap()
}

/// A server that always gives this reply.
pub async fn always(reply: Reply) -> Server {
    replies(vec![reply]).await
}

/// The documented answer.
pub fn ok() -> Reply {
    Reply::json(200, example().to_string())
}
