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
async fn quotes_and_whitespace_around_id_are_trimmed() {
    let server = always(ok()).await;
    let client = client(&server);
    for id in
        [" num_1", "num_1\n", "num_1\r\n", "\u{feff}num_1", "\"num_1\"", "'num_1'", "\u{a0}num_1\t"]
    {
        let number = client.number(id);
        number.get().await.unwrap();
        number.refresh().await.unwrap();
        let lines: Vec<_> = server.requests().into_iter().map(|r| r.line).collect();
        assert_eq!(lines[lines.len() - 2], "GET /v1/numbers/num_1", "{id:?}");
        assert_eq!(lines[lines.len() - 1], "GET /v1/numbers/num_1?refresh=1", "{id:?}");
        assert_eq!(id.parse::<pilot_status::NumberId>().unwrap().as_str(), "num_1");
    }
}

#[tokio::test]
async fn base_url_is_trimmed_and_its_path_retained() {
    let server = always(ok()).await;
    for ends in [("", "\n"), ("\u{feff}", ""), ("\"", "\""), ("'", "/v1' "), ("", "/pilot/")] {
        let base_url = format!("{}{}{}", ends.0, server.url(), ends.1);
        let client = builder(&server).base_url(base_url).build().unwrap();
        client.number("num_1").get().await.unwrap();
        let path = if ends.1 == "/pilot/" { "/pilot/v1" } else { "/v1" };
        let line = server.requests().pop().unwrap().line;
        assert_eq!(line, format!("GET {path}/numbers/num_1"), "{ends:?}");
    }
}
