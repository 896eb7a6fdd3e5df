//! Every kind of change of the page ends as it should: it stops an action or a check, or it is told
//! as what it does to users. None is silent, and no change of words is called more.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::effect::Effect;
use super::pipeline::{self, Built, Input};
use super::report::Report;
use super::{OVERLAY, page};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Stops,
    Breaking,
    Compatible,
    Words,
    Nothing,
}
use Outcome::{Breaking, Compatible, Stops, Words};

fn stored(file: &str) -> Input {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    Input { url: None, file: file.to_owned(), text: fs::read_to_string(path).unwrap() }
}

const PAGE: &str = "xtask/upstream/get-number-meta-details.md";

/// What comes of edits of the page, and what is said of them.
fn outcome(edits: &[Edit]) -> (Outcome, String) {
    let (pages, overlay) = ([stored(PAGE)], stored(OVERLAY));
    let old = page::extract(&pages[0].text).unwrap();
    let before = pipeline::build(old.clone(), &pages, &overlay).unwrap();
    let mut new = old.clone();
    for (place, value) in edits {
        edit(&mut new, &pointer(place), value);
    }
    let Built { document, written, .. } = match pipeline::build(new.clone(), &pages, &overlay) {
        Ok(built) => built,
        Err(error) => return (Outcome::Stops, format!("{error:#}")),
    };
    let documents = Some((&before.document, &document));
    let report = Report::new(Some((&old, &new)), documents, &written, old != new);
    let outcome = match report.verdict() {
        Some(Effect::Breaking) => Outcome::Breaking,
        Some(Effect::Compatible) => Outcome::Compatible,
        Some(Effect::Words) => Outcome::Words,
        None => Outcome::Nothing,
    };
    (outcome, report.to_text("0.1.0"))
}

/// A place, and the JSON that is set there; nothing removes what is there.
///
/// `@` stands for the operation, `@200` for the body of that answer, and `-` for the end of a list.
type Edit = (&'static str, &'static str);
/// A name, the edits, what they end as, and what is said of them among others.
type Case = (&'static str, &'static [Edit], Outcome, &'static str);

fn pointer(place: &str) -> String {
    const GET: &str = "/paths/~1v1~1numbers~1{id}/get";
    let Some(rest) = place.strip_prefix('@') else { return place.to_owned() };
    match rest.split_once('/') {
        Some((status, rest)) if !status.is_empty() => {
            format!("{GET}/responses/{status}/content/application~1json/{rest}")
        }
        _ => format!("{GET}{rest}"),
    }
}

fn edit(page: &mut Value, at: &str, json: &str) {
    let (parent, key) = at.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    let value = (!json.is_empty()).then(|| serde_json::from_str(json).unwrap());
    match (page.pointer_mut(parent), value) {
        (Some(Value::Object(fields)), Some(value)) => _ = fields.insert(key, value),
        (Some(Value::Object(fields)), None) => _ = fields.shift_remove(&key).expect(at),
        (Some(Value::Array(items)), Some(value)) if key == "-" => items.push(value),
        (Some(Value::Array(items)), None) => _ = items.remove(key.parse().unwrap()),
        (parent, _) => panic!("{at}: {parent:?}"),
    }
}

fn check(table: &[Case]) {
    for (name, edits, expected, says) in table {
        let (found, text) = outcome(edits);
        assert_eq!(found, *expected, "{name}: {text}");
        assert!(text.contains(says), "{name}: expected {says:?} in {text}");
    }
}

#[test]
fn the_page_as_it_is_changes_nothing() {
    assert_eq!(outcome(&[]).0, Outcome::Nothing);
}

const ERRORS: &str = "action `errors-untyped`";
const OBJECT: &str = r#"{"type":"object"}"#;

#[test]
fn the_schemas_of_errors() {
    check(&[
        ("one sentence is an object", &[("@400/schema/properties/error", OBJECT)], Stops, ERRORS),
        (
            "all sentences are objects",
            &[
                ("@400/schema/properties/error", OBJECT),
                ("@401/schema/properties/error", OBJECT),
                ("@429/schema/properties/error", OBJECT),
            ],
            Stops,
            ERRORS,
        ),
        (
            "a code is an integer",
            &[("@401/schema/properties/code/type", r#""integer""#)],
            Stops,
            ERRORS,
        ),
        ("a requestId", &[("@400/schema/properties/requestId", OBJECT)], Stops, ERRORS),
        ("a retryAt", &[("@429/schema/properties/retryAt", OBJECT)], Stops, ERRORS),
        ("no code", &[("@400/schema/properties/code", "")], Stops, ERRORS),
        ("what is required", &[("@400/schema/required", r#"["error"]"#)], Stops, ERRORS),
        ("a closed object", &[("@400/schema/additionalProperties", "false")], Stops, ERRORS),
        ("a list of codes", &[("@400/schema/properties/code/enum", r#"["A"]"#)], Stops, ERRORS),
        ("no schema", &[("@400/schema", "")], Stops, ERRORS),
    ]);
}

#[test]
fn what_else_there_is_of_errors() {
    const ONE: &str = "since an operation has one error type";
    const OWN: &str =
        r#"{"description":"D","content":{"application/json":{"schema":{"type":"object"}}}}"#;
    const BARE: &str = r#"{"description":"D"}"#;
    check(&[
        ("a field in an example", &[("@400/example/requestId", "1")], Stops, "/requestId"),
        ("an object in an example", &[("@400/example/error", "{}")], Stops, "at /error"),
        ("plain text", &[("@/responses/400/content", r#"{"text/plain":{}}"#)], Stops, ERRORS),
        ("no 401", &[("@/responses/401", "")], Stops, ERRORS),
        ("404, which the overlay has", &[("@/responses/404", BARE)], Stops, "action `more-errors`"),
        ("404 with a schema", &[("@/responses/404", OWN)], Stops, "404: the page has this now"),
        ("410 with a schema", &[("@/responses/410", OWN)], Stops, ONE),
        ("410 without a body", &[("@/responses/410", BARE)], Stops, ONE),
        ("a range", &[("@/responses/4XX", BARE)], Stops, ONE),
        (
            "a default",
            &[("@/responses/default", r#"{"content":{"application/json":{}}}"#)],
            Stops,
            "expected a schema",
        ),
        (
            "Retry-After",
            &[("@/responses/429/headers", r#"{"Retry-After":{"schema":{"type":"integer"}}}"#)],
            Compatible,
            "429/headers`: new",
        ),
    ]);
}

#[test]
fn the_form_of_the_answer() {
    const ANSWER: &str = "action `number-answer`";
    check(&[
        ("a schema", &[("@200/schema", OBJECT)], Stops, ANSWER),
        ("no example", &[("@200/example", "")], Stops, ANSWER),
        ("XML", &[("@/responses/200/content", r#"{"application/xml":{}}"#)], Stops, ANSWER),
        ("another success", &[("@/responses/200", ""), ("@/responses/201", "{}")], Stops, ANSWER),
        ("a success more", &[("@/responses/204", r#"{"description":"D"}"#)], Stops, "progenitor"),
        (
            "a header",
            &[("@/responses/200/headers", r#"{"X-Id":{"schema":{"type":"string"}}}"#)],
            Compatible,
            "200/headers`: new",
        ),
    ]);
}

#[test]
fn the_fields_of_the_answer() {
    check(&[
        ("a field more", &[("@200/example/new", "1")], Stops, "the example has /new"),
        ("one more of health", &[("@200/example/health/new", "1")], Stops, "/health/new"),
        (
            "one more, deep within",
            &[("@200/example/meta/phone/throughput/new", "1")],
            Stops,
            "/meta/phone/throughput/new",
        ),
        ("a field less", &[("@200/example/name", "")], Stops, "action `number`"),
        (
            "one less of health",
            &[("@200/example/health/sendable", "")],
            Stops,
            "action `number-health`",
        ),
        (
            "one renamed",
            &[("@200/example/health/sendable", ""), ("@200/example/health/canSend", "true")],
            Stops,
            "action `number-health`",
        ),
        (
            "one less of the phone",
            &[("@200/example/meta/phone/status", "")],
            Stops,
            "action `meta-phone`",
        ),
        (
            "one less of the account",
            &[("@200/example/meta/waba/currency", "")],
            Stops,
            "action `meta-waba`",
        ),
        (
            "one less of the profile",
            &[("@200/example/meta/profile/about", "")],
            Stops,
            "action `meta-profile`",
        ),
        (
            "no date of the snapshot",
            &[("@200/example/meta/fetchedAt", "")],
            Stops,
            "action `number-meta`",
        ),
        (
            "no level",
            &[("@200/example/meta/phone/throughput/level", "")],
            Stops,
            "action `meta-throughput`",
        ),
    ]);
}

#[test]
fn the_values_of_the_answer() {
    check(&[
        (
            "an id that is an integer",
            &[("@200/example/id", "1")],
            Stops,
            "does not fit its schema at /id",
        ),
        (
            "a boolean that is a text",
            &[("@200/example/isFullyConnected", r#""yes""#)],
            Stops,
            "at /isFullyConnected",
        ),
        (
            "an object that is a list",
            &[("@200/example/meta/waba", "[]")],
            Stops,
            "action `meta-waba`",
        ),
        ("a text that is an object", &[("@200/example/name", "{}")], Stops, "at /name"),
        (
            "items that are objects",
            &[("@200/example/meta/profile/websites", "[{}]")],
            Stops,
            "at /meta/profile/websites/0",
        ),
        (
            "a state that is not listed",
            &[("@200/example/state", r#""PAUSED""#)],
            Stops,
            r#"shows "PAUSED" at /state"#,
        ),
        (
            "a quality that is not listed",
            &[("@200/example/meta/phone/qualityRating", r#""BLUE""#)],
            Stops,
            "at /meta/phone/qualityRating",
        ),
        (
            "a tier that is not listed",
            &[("@200/example/health/messagingLimitTier", r#""TIER_5M""#)],
            Stops,
            "TIER_5M",
        ),
    ]);
}

#[test]
fn parameters() {
    const ID: &str = "action `id-untyped`";
    check(&[
        ("an id that is an integer", &[("@/parameters/0/schema/type", r#""integer""#)], Stops, ID),
        ("an id with a pattern", &[("@/parameters/0/schema/pattern", r#""^num_""#)], Stops, ID),
        ("an id with a length", &[("@/parameters/0/schema/maxLength", "9")], Stops, ID),
        ("an id of another name", &[("@/parameters/0/name", r#""number""#)], Stops, ID),
        ("an id that is optional", &[("@/parameters/0/required", "false")], Stops, "progenitor"),
        (
            "refresh in a header",
            &[("@/parameters/1/in", r#""header""#)],
            Breaking,
            r#"parameters/1/in`: `"query"` → `"header"`"#,
        ),
        (
            "refresh as a boolean",
            &[("@/parameters/1/schema/type", r#""boolean""#)],
            Breaking,
            "parameters/1/schema/type",
        ),
        (
            "refresh with values",
            &[("@/parameters/1/schema/enum", r#"["1"]"#)],
            Breaking,
            "parameters/1/schema/enum",
        ),
        (
            "refresh required",
            &[("@/parameters/1/required", "true")],
            Breaking,
            "parameters/1/required",
        ),
        (
            "refresh deprecated",
            &[("@/parameters/1/deprecated", "true")],
            Compatible,
            "parameters/1/deprecated",
        ),
        (
            "refresh of another name",
            &[("@/parameters/1/name", r#""live""#)],
            Breaking,
            "parameters/1`: new",
        ),
        ("no refresh", &[("@/parameters/1", "")], Breaking, "no longer"),
        (
            "one more",
            &[("@/parameters/-", r#"{"name":"n","in":"query","schema":{"type":"string"}}"#)],
            Breaking,
            "parameters/2`: new",
        ),
    ]);
}

#[test]
fn operations() {
    const PROSE: &str = "action `prose`";
    const OTHER: &str = r#"{"operationId":"x","responses":{"204":{"description":"D"}},
        "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}]}"#;
    check(&[
        (
            "a body to send",
            &[(
                "@/requestBody",
                r#"{"content":{"application/json":{"schema":{"type":"object"}}}}"#,
            )],
            Breaking,
            "requestBody`: new",
        ),
        ("another operationId", &[("@/operationId", r#""get_number""#)], Breaking, "operationId"),
        ("no operationId", &[("@/operationId", "")], Stops, "expected an operationId"),
        ("deprecated", &[("@/deprecated", "true")], Compatible, "get/deprecated`: new"),
        ("callbacks", &[("@/callbacks", "{}")], Stops, "`callbacks` is not a field of Operation"),
        (
            "another path",
            &[("/paths/~1v1~1numbers~1{id}", ""), ("/paths/~1v2~1numbers", "{}")],
            Stops,
            PROSE,
        ),
        ("another method", &[("@", ""), ("/paths/~1v1~1numbers~1{id}/post", OTHER)], Stops, PROSE),
        ("one more", &[("/paths/~1v1~1numbers~1{id}/patch", OTHER)], Compatible, "patch`: new"),
        (
            "a delete, which the overlay has",
            &[("/paths/~1v1~1numbers~1{id}/delete", OTHER)],
            Stops,
            "action `number-delete`",
        ),
        (
            "a status, which the overlay has",
            &[("/paths/~1v1~1numbers~1{id}~1status", "{}")],
            Stops,
            "action `number-status`",
        ),
        (
            "a list, which the overlay has",
            &[("/paths/~1v1~1numbers", "{}")],
            Stops,
            "action `number-list`",
        ),
    ]);
}

#[test]
fn security() {
    const SECURITY: &str = "action `security`";
    check(&[
        ("none for the document", &[("/security", "[]")], Stops, SECURITY),
        ("no word of it", &[("/security", "")], Stops, SECURITY),
        (
            "both rather than either",
            &[("/security", r#"[{"apiKey":[],"apiKeyId":[]}]"#)],
            Stops,
            SECURITY,
        ),
        ("none for the operation", &[("@/security", "[]")], Stops, SECURITY),
        ("a token for the operation", &[("@/security", r#"[{"bearer":[]}]"#)], Stops, SECURITY),
        (
            "another header",
            &[("/components/securitySchemes/apiKey/name", r#""authorization""#)],
            Stops,
            SECURITY,
        ),
        (
            "the key in the query",
            &[("/components/securitySchemes/apiKey/in", r#""query""#)],
            Stops,
            SECURITY,
        ),
        ("no key id", &[("/components/securitySchemes/apiKeyId", "")], Stops, SECURITY),
        (
            "a scheme more",
            &[("/components/securitySchemes/bearer", r#"{"type":"http","scheme":"bearer"}"#)],
            Compatible,
            "bearer`: new",
        ),
    ]);
}

#[test]
fn the_document() {
    check(&[
        (
            "another server",
            &[("/servers/0/url", r#""https://pilotstatus.online""#)],
            Breaking,
            "servers/0/url",
        ),
        ("a server more", &[("/servers/-", r#"{"url":"https://b"}"#)], Breaking, "#/servers"),
        ("no server", &[("/servers", "")], Breaking, "#/servers"),
        (
            "a schema more",
            &[("/components/schemas", r#"{"New":{"type":"object"}}"#)],
            Compatible,
            "#/components/schemas`: new",
        ),
        (
            "a schema that the overlay has",
            &[("/components/schemas", r#"{"Number":{"type":"object"}}"#)],
            Stops,
            "action `number`",
        ),
        (
            "a keyword that 3.0 does not have",
            &[("/components/schemas", r#"{"New":{"if":{}}}"#)],
            Stops,
            "`if` is not a schema keyword",
        ),
        ("webhooks", &[("/webhooks", "{}")], Stops, "`webhooks` is not a field of Document"),
        ("another OpenAPI", &[("/openapi", r#""3.2.0""#)], Stops, "expected OpenAPI 3.1"),
        (
            "a reference to nowhere",
            &[("@/parameters/1/schema", r##"{"$ref":"#/components/schemas/No"}"##)],
            Stops,
            "that leads somewhere",
        ),
    ]);
}

#[test]
fn words() {
    check(&[
        ("a summary", &[("@/summary", r#""S""#)], Words, "get/summary"),
        (
            "what the overlay replaces",
            &[("@/description", r#""D""#)],
            Words,
            "does not reach openapi.json: action `prose`",
        ),
        (
            "of a parameter",
            &[("@/parameters/1/description", r#""D""#)],
            Words,
            "parameters/1/description",
        ),
        (
            "an example of a parameter",
            &[("@/parameters/1/example", r#""true""#)],
            Words,
            "parameters/1/example",
        ),
        (
            "of an answer",
            &[("@/responses/429/description", r#""D""#)],
            Words,
            "responses/429/description",
        ),
        ("a name in the example", &[("@200/example/name", r#""Vendas""#)], Words, "example/name"),
        (
            "a date in the example",
            &[("@200/example/meta/fetchedAt", r#""2027-01-01T00:00:00.000Z""#)],
            Words,
            "example/meta/fetchedAt",
        ),
        ("another known value", &[("@200/example/state", r#""CLOSE""#)], Words, "example/state"),
        ("a null in the example", &[("@200/example/provider", "null")], Words, "example/provider"),
        ("the text of an error", &[("@401/example/error", r#""No""#)], Words, "example/error"),
        ("a tag", &[("@/tags", r#"["WhatsApp"]"#)], Words, "get/tags"),
        ("the title", &[("/info/title", r#""T""#)], Words, "#/info/title"),
        (
            "the version of the document",
            &[("/info/version", r#""1.0.1""#)],
            Words,
            "#/info/version",
        ),
        ("the licence", &[("/info/license/url", r#""https://x""#)], Words, "#/info/license/url"),
        (
            "of a scheme",
            &[("/components/securitySchemes/apiKey/description", r#""D""#)],
            Words,
            "apiKey/description",
        ),
        ("an extension", &[("@/x-codeSamples", "[]")], Words, "x-codeSamples"),
        (
            "the order of parameters",
            &[
                ("@/parameters/0", ""),
                (
                    "@/parameters/-",
                    r#"{"name":"id","in":"path","required":true,"description":"WhatsApp number id.","schema":{"type":"string"},"example":"num_01HZX..."}"#,
                ),
            ],
            Words,
            "get/parameters",
        ),
        ("a patch of OpenAPI", &[("/openapi", r#""3.1.1""#)], Words, "#/openapi"),
    ]);
}
