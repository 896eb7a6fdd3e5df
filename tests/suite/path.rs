//! An id is always sent as one path segment, and the refresh parameter only by refresh calls.

use support::{always, builder, client, ok};

#[tokio::test]
async fn id_is_sent_as_one_encoded_segment() {
    let cases = [
        ("num_01HZX...", "num_01HZX..."),
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("ç", "%C3%A7"),
        ("%2e%2e", "%252e%252e"),
        ("?x=1", "%3Fx=1"),
        ("#x", "%23x"),
        ("../admin", "..%2Fadmin"),
        ("...", "..."),
        ("a;b=c&d", "a;b=c&d"),
        ("💬", "%F0%9F%92%AC"),
        ("<\"`{}>", "%3C%22%60%7B%7D%3E"),
    ];
    let server = always(ok()).await;
    let client = client(&server);
    for (id, segment) in cases {
        client.number(id).get().await.unwrap();
        assert_eq!(server.requests().last().unwrap().line, format!("GET /v1/numbers/{segment}"));
    }
}

#[tokio::test]
async fn path_of_base_url_is_retained() {
    let server = always(ok()).await;
    let client = builder(&server).base_url(server.url() + "/pilot/").build().unwrap();
    client.number("num_1").refresh().await.unwrap();
    assert_eq!(server.requests()[0].line, "GET /pilot/v1/numbers/num_1?refresh=1");
}
