//! Every kind of change of the page ends as it should: it stops an action or a check, or it is
//! reported with its effect on users. The page and the overlay are frozen copies.

use std::sync::LazyLock;

use serde_json::Value;

use super::diff::diff;
use super::page;
use super::pipeline::{self, Built, Input};
use super::report::Report;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Stops,
    Breaking,
    Compatible,
    Words,
    Nothing,
}
use Outcome::{Breaking, Compatible, Stops, Words};

fn frozen(file: &str, text: &str) -> Input {
    Input { url: None, file: file.to_owned(), from: file.to_owned(), text: text.to_owned() }
}

static PAGE: LazyLock<[Input; 1]> =
    LazyLock::new(|| [frozen("page.md", include_str!("../frozen/get-number-meta-details.md"))]);
static OVERLAY: LazyLock<Input> =
    LazyLock::new(|| frozen("overlay.yaml", include_str!("../frozen/overlay.yaml")));
static BEFORE: LazyLock<Built> =
    LazyLock::new(|| pipeline::build(document(), &*PAGE, &OVERLAY).unwrap());

fn document() -> Value {
    page::extract(&PAGE[0].text).unwrap().document
}

/// The outcome of edits of the page, and the report or the error.
fn outcome(edits: &[Edit]) -> (Outcome, String) {
    let (old, mut new) = (document(), document());
    for (place, value) in edits {
        edit(&mut new, &pointer(place), value);
    }
    let built = match pipeline::build(new.clone(), &*PAGE, &OVERLAY) {
        Ok(built) => built,
        Err(error) => return (Outcome::Stops, format!("{error:#}")),
    };
    let mut report = Report::default();
    report.add_pages((diff(&old, &new), Vec::new()));
    report.add_hidden(&built.written);
    if old != new {
        let verdict = BEFORE.interface.compare(&built.interface);
        report.add_document(diff(&BEFORE.document, &built.document), verdict);
    }
    let outcome = match report.to_json("0.1.0")["verdict"].as_str() {
        Some("breaking") => Outcome::Breaking,
        Some("compatible") => Outcome::Compatible,
        Some("words only") => Outcome::Words,
        _ => Outcome::Nothing,
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
    let mut wrong = String::new();
    for (name, edits, expected, says) in table {
        let (found, text) = outcome(edits);
        if found != *expected || !text.contains(says) {
            wrong += &format!("{name}: expected {expected:?}, {says:?}; found {found:?}, {text}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn unchanged_page_changes_nothing() {
    assert_eq!(outcome(&[]).0, Outcome::Nothing);
}

const ERRORS: &str = "action `errors-untyped`";
const OBJECT: &str = r#"{"type":"object"}"#;

#[test]
fn changed_error_schemas_have_their_effect() {
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
fn changed_error_responses_have_their_effect() {
    const ONE: &str = "which every error has";
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
            "found `default`, of which",
        ),
        (
            "Retry-After",
            &[("@/responses/429/headers", r#"{"Retry-After":{"schema":{"type":"integer"}}}"#)],
            Words,
            "429/headers`: new",
        ),
    ]);
}

#[test]
fn changed_response_form_has_its_effect() {
    const ANSWER: &str = "action `number-answer`";
    check(&[
        ("a schema", &[("@200/schema", OBJECT)], Stops, ANSWER),
        ("no example", &[("@200/example", "")], Stops, ANSWER),
        ("XML", &[("@/responses/200/content", r#"{"application/xml":{}}"#)], Stops, ANSWER),
        ("another success", &[("@/responses/200", ""), ("@/responses/201", "{}")], Stops, ANSWER),
        (
            "a success more",
            &[("@/responses/204", r#"{"description":"D"}"#)],
            Stops,
            "found `204`, of which",
        ),
        (
            "a header",
            &[("@/responses/200/headers", r#"{"X-Id":{"schema":{"type":"string"}}}"#)],
            Words,
            "200/headers`: new",
        ),
    ]);
}

#[test]
fn changed_response_fields_have_their_effect() {
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
fn changed_response_values_have_their_effect() {
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
fn changed_parameters_have_their_effect() {
    const ID: &str = "action `id-untyped`";
    const REFRESH: &str = "action `refresh`";
    check(&[
        ("an id that is an integer", &[("@/parameters/0/schema/type", r#""integer""#)], Stops, ID),
        ("an id with a pattern", &[("@/parameters/0/schema/pattern", r#""^num_""#)], Stops, ID),
        ("an id with a length", &[("@/parameters/0/schema/maxLength", "9")], Stops, ID),
        ("an id of another name", &[("@/parameters/0/name", r#""number""#)], Stops, ID),
        (
            "an id that is optional",
            &[("@/parameters/0/required", "false")],
            Stops,
            "parameters/0: expected `required: true`, since `id` is in the path: write an action",
        ),
        ("refresh in a header", &[("@/parameters/1/in", r#""header""#)], Stops, REFRESH),
        ("refresh as a boolean", &[("@/parameters/1/schema/type", r#""boolean""#)], Stops, REFRESH),
        (
            "refresh with values",
            &[("@/parameters/1/schema/enum", r#"["1"]"#)],
            Stops,
            "closed enum",
        ),
        (
            "refresh with a default",
            &[("@/parameters/1/schema/default", r#""0""#)],
            Words,
            "parameters/1/schema/default",
        ),
        (
            "refresh required",
            &[("@/parameters/1/required", "true")],
            Breaking,
            "- `Client::get_numbers_id`: `async fn",
        ),
        (
            "refresh deprecated",
            &[("@/parameters/1/deprecated", "true")],
            Words,
            "parameters/1/deprecated",
        ),
        ("refresh of another name", &[("@/parameters/1/name", r#""live""#)], Stops, REFRESH),
        ("no refresh", &[("@/parameters/1", "")], Stops, REFRESH),
        (
            "refresh by `true` in the example",
            &[("@/parameters/1/example", r#""true""#)],
            Stops,
            "src/ext/number/handle.rs",
        ),
        (
            "refresh by `true` in the words",
            &[("@/parameters/1/description", r#""Pass `true` to force a live fetch.""#)],
            Stops,
            "get_numbers_id",
        ),
        (
            "one more",
            &[("@/parameters/-", r#"{"name":"n","in":"query","schema":{"type":"string"}}"#)],
            Breaking,
            "- `Client::get_numbers_id`: `async fn",
        ),
        (
            "one more with a default is the same as one without",
            &[(
                "@/parameters/-",
                r#"{"name":"n","in":"query","schema":{"type":"string","default":"x"}}"#,
            )],
            Breaking,
            "- `Client::get_numbers_id`: `async fn",
        ),
        (
            "a cookie",
            &[("@/parameters/-", r#"{"name":"c","in":"cookie","schema":{"type":"string"}}"#)],
            Stops,
            "found `c` in `cookie`, which the client cannot send: write an action that removes",
        ),
        (
            "a list",
            &[("@/parameters/-", r#"{"name":"l","in":"query","schema":{"type":"array"}}"#)],
            Stops,
            "expected the type string, integer, number or boolean of `l`",
        ),
        (
            "a closed enum",
            &[(
                "@/parameters/-",
                r#"{"name":"e","in":"query","schema":{"type":"string","enum":["a"]}}"#,
            )],
            Stops,
            r#"found the closed enum ["a"]: write an action that removes its `enum`"#,
        ),
    ]);
}

/// An operation that meets few rules.
const OTHER: &str = r#"{"operationId":"x","responses":{"204":{"description":"D"}},
        "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}]}"#;

/// An operation that meets all rules.
const WHOLE: &str = r##"{"operationId":"x",
    "parameters":[{"name":"id","in":"path","required":true,"schema":{"$ref":"#/components/schemas/NumberId"}}],
    "responses":{
        "200":{"description":"D","content":{"application/json":{"schema":
            {"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}}}},
        "400":{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}},
        "401":{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}},
        "402":{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}},
        "403":{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}},
        "429":{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}},
        "5XX":{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}}
    }}"##;

#[test]
fn changed_operations_have_their_effect() {
    const PROSE: &str = "action `prose`";
    const MULTIPART: &str = r#"{"content":{"multipart/form-data":{"schema":{"type":"object"}}}}"#;
    check(&[
        (
            "a body to send",
            &[(
                "@/requestBody",
                r#"{"content":{"application/json":{"schema":{"type":"object"}}}}"#,
            )],
            Breaking,
            "- `Client::get_numbers_id`: `async fn",
        ),
        (
            "a form to send",
            &[("@/requestBody", MULTIPART)],
            Stops,
            r#"expected a request with a body of `application/json`, found ["multipart/form-data"]"#,
        ),
        (
            "an operationId of the same Rust name",
            &[("@/operationId", r#""getNumbersId""#)],
            Words,
            "get/operationId",
        ),
        (
            "another form beside JSON",
            &[("@/responses/200/content/text~1csv", r#"{"schema":{"type":"string"}}"#)],
            Words,
            "text~1csv`: new",
        ),
        (
            "a status 202",
            &[("@/responses/202", r#"{"description":"D"}"#)],
            Stops,
            "responses/202: expected the status 200 or 201, or an error",
        ),
        ("another operationId", &[("@/operationId", r#""get_number""#)], Breaking, "operationId"),
        ("no operationId", &[("@/operationId", "")], Stops, "expected an operationId"),
        ("deprecated", &[("@/deprecated", "true")], Words, "get/deprecated`: new"),
        ("callbacks", &[("@/callbacks", "{}")], Stops, "`callbacks` is not a field of Operation"),
        (
            "another path",
            &[("/paths/~1v1~1numbers~1{id}", ""), ("/paths/~1v2~1numbers", "{}")],
            Stops,
            PROSE,
        ),
        ("another method", &[("@", ""), ("/paths/~1v1~1numbers~1{id}/post", OTHER)], Stops, PROSE),
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
fn added_operations_have_their_effect() {
    check(&[
        (
            "one more, with an id that is a plain text",
            &[("/paths/~1v1~1numbers~1{id}/patch", OTHER)],
            Stops,
            "patch/parameters/0/schema: expected a reference to `#/components/schemas/NumberId`",
        ),
        (
            "one more, without its errors",
            &[("/paths/~1v1~1numbers~1{id}/patch", OTHER)],
            Stops,
            "400, 401, 402, 403, 429, 5XX are missing: write an action with the target `$.paths['/v1/numbers/{id}'].patch.responses`",
        ),
        (
            "one more, with an id of another type",
            &[
                ("/paths/~1v1~1numbers~1{id}/patch", WHOLE),
                (
                    "/paths/~1v1~1numbers~1{id}/patch/parameters/0/schema",
                    r##"{"$ref":"#/components/schemas/ApiError"}"##,
                ),
            ],
            Stops,
            "patch/parameters/0/schema: expected a reference to `#/components/schemas/NumberId`",
        ),
        (
            "one more, with an error of another type",
            &[
                ("/paths/~1v1~1numbers~1{id}/patch", WHOLE),
                (
                    "/paths/~1v1~1numbers~1{id}/patch/responses/403/content/application~1json/schema",
                    r##"{"$ref":"#/components/schemas/NumberId"}"##,
                ),
            ],
            Stops,
            "patch/responses/403: expected the schema { $ref: '#/components/schemas/ApiError' }",
        ),
        (
            "one more that is whole",
            &[("/paths/~1v1~1numbers~1{id}/patch", WHOLE)],
            Compatible,
            "- `Client::x`: new, `async fn",
        ),
        (
            "one more whose object is closed is open",
            &[("/paths/~1v1~1numbers~1{id}/patch", WHOLE)],
            Compatible,
            "- `types::XResponse`: new, `#[derive(Clone, Debug, Default, PartialEq, schemars::JsonSchema)] #[non_exhaustive]",
        ),
    ]);
}

#[test]
fn changed_security_has_its_effect() {
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
            Words,
            "bearer`: new",
        ),
    ]);
}

#[test]
fn changed_document_has_its_effect() {
    check(&[
        (
            "another server",
            &[("/servers/0/url", r#""https://pilotstatus.online""#)],
            Stops,
            "constant DEFAULT in src/ext/client/base_url.rs",
        ),
        (
            "a path of the server",
            &[("/servers/0/url", r#""https://pilotstatus.com.br/api""#)],
            Stops,
            "constant DEFAULT in src/ext/client/base_url.rs",
        ),
        (
            "a slash of the server",
            &[("/servers/0/url", r#""https://pilotstatus.com.br/""#)],
            Words,
            "#/servers/0/url",
        ),
        ("a server more", &[("/servers/-", r#"{"url":"https://b"}"#)], Words, "#/servers"),
        ("no server", &[("/servers", "")], Stops, "action `base-url`"),
        (
            "a schema more",
            &[(
                "/components/schemas",
                r#"{"New":{"type":"object","properties":{"a":{"type":"string"}}}}"#,
            )],
            Compatible,
            "- `types::New`: new",
        ),
        (
            "a closed enum as a component",
            &[("/components/schemas", r#"{"New":{"type":"string","enum":["A"]}}"#)],
            Stops,
            r#"removes `$.components.schemas.New`, and one with the target `$.components.schemas` and `update: { New: {"type":"string","x-extensible-enum":["A"]} }`"#,
        ),
        (
            "a closed enum beside null",
            &[(
                "/components/schemas",
                r#"{"New":{"type":"object","properties":{"a":{"anyOf":[{"type":"string","enum":["A",null]},{"type":"null"}]}}}}"#,
            )],
            Stops,
            r#"removes `$.components.schemas.New.properties.a`; one with the target `$.components.schemas.New.properties` and `update: { a: { $ref: '#/components/schemas/Name' } }`; and one with the target `$.components.schemas` and `update: { Name: {"type":"string","x-extensible-enum":["A"]} }`"#,
        ),
        (
            "a closed enum with the values of an open one",
            &[(
                "/components/schemas",
                r#"{"New":{"type":"object","properties":{"a":{"type":"string","enum":["OPEN","CLOSE"]}}}}"#,
            )],
            Stops,
            "`update: { a: { $ref: '#/components/schemas/ConnectionState' } }`, which has these",
        ),
        (
            "a list without the type of its items",
            &[("/components/schemas", r#"{"New":{"type":["array","null"]}}"#)],
            Stops,
            "New: expected the type of its items",
        ),
        (
            "a property without a type",
            &[("/components/schemas", r#"{"New":{"type":"object","properties":{"a":{}}}}"#)],
            Stops,
            "New/properties/a: expected a type",
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
        ("an OpenAPI of two numbers", &[("/openapi", "3.1")], Stops, "`3.0.3`, found 3.1"),
        ("another OpenAPI", &[("/openapi", r#""3.2.0""#)], Stops, "such as `3.1.0`"),
        (
            "a reference to nowhere",
            &[("/components/schemas", r##"{"New":{"$ref":"#/components/schemas/No"}}"##)],
            Stops,
            "that leads somewhere",
        ),
    ]);
}

#[test]
fn changed_texts_are_words() {
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
            &[("@/parameters/1/description", r#""Pass `1`, please.""#)],
            Words,
            "parameters/1/description",
        ),
        ("a tag twice", &[("@/tags", r#"["Numbers","Numbers"]"#)], Words, "get/tags/1`: new"),
        (
            "a value of a list twice",
            &[
                ("/components/securitySchemes/apiKey/x-list", "[1]"),
                ("/components/securitySchemes/apiKey/x-list", "[1,1]"),
            ],
            Words,
            "x-list",
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

/// The 200 as a vendor's tool would export it: closed, required, nullable by type arrays, with
/// formats and references.
const SCHEMA: &str = r##"{
    "type": "object", "additionalProperties": false, "required": ["id", "isFullyConnected", "health"],
    "properties": {
        "id": { "type": "string", "minLength": 1, "examples": ["num_1"] },
        "number": { "type": ["string", "null"] },
        "name": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
        "provider": { "$ref": "#/components/schemas/Provider", "description": "D" },
        "state": { "$ref": "#/components/schemas/ConnectionState" },
        "isFullyConnected": { "type": "boolean", "default": false },
        "health": {
            "type": "object", "additionalProperties": false, "required": ["sendable"],
            "properties": {
                "qualityRating": { "type": "string" }, "messagingLimitTier": { "type": "string" },
                "metaStatus": { "const": "CONNECTED" }, "sendable": { "type": "boolean" }
            }
        },
        "meta": { "anyOf": [{ "$ref": "#/components/schemas/Snapshot" }, { "type": "null" }] }
    }
}"##;
const SNAPSHOT: &str = r##"{ "Snapshot": {
    "type": "object", "required": ["fetchedAt"],
    "properties": {
        "fetchedAt": { "type": "string", "format": "date-time" },
        "phone": { "type": "object", "additionalProperties": {} }, "profile": { "type": ["object", "null"], "additionalProperties": {} },
        "waba": { "type": "object", "additionalProperties": { "type": "string" } },
        "errors": { "type": "object", "additionalProperties": { "type": "string" } },
        "tries": { "type": "integer", "format": "int32", "minimum": 0 },
        "phoneNumber": { "$ref": "#/components/schemas/Phone" },
        "others": { "type": "array", "items": { "anyOf": [{ "$ref": "#/components/schemas/Phone" }, { "type": "null" }] } }
    }
}, "Phone": { "type": "string", "pattern": "^[+]" } }"##;

#[test]
fn schema_of_the_200_becomes_lenient_types() {
    let mut overlay = frozen("overlay.yaml", &OVERLAY.text);
    let (start, _) = overlay.text.split_once("  - x-name: number-answer\n").unwrap();
    let (_, end) = overlay.text.split_once("  - x-name: errors-untyped\n").unwrap();
    overlay.text = format!("{start}  - x-name: errors-untyped\n{end}");
    let mut page = document();
    edit(&mut page, &pointer("@200/schema"), SCHEMA);
    edit(&mut page, "/components/schemas", SNAPSHOT);
    let built = pipeline::build(page, &*PAGE, &overlay).unwrap_or_else(|e| panic!("{e:#}"));
    let (_, changes) = BEFORE.interface.compare(&built.interface);
    let form = |name: &str| {
        let found = changes.iter().find(|(_, change)| change.at == name);
        found.map(|(_, change)| change.to.clone().unwrap_or_default())
    };
    assert!(form("types::GetNumbersIdResponse").is_some(), "{changes:?}");
    assert!(form("types::Snapshot").is_some(), "{changes:?}");
    let schema = built.document.pointer(&pointer("@200/schema")).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["id"]));
    assert_eq!(schema["additionalProperties"], serde_json::json!({}));
    let at = |pointer: &str| schema.pointer(&format!("/properties/{pointer}")).unwrap();
    assert_eq!(at("id")["x-minLength"], 1);
    assert_eq!(at("isFullyConnected")["nullable"], true);
    assert_eq!(at("provider")["allOf"][0]["$ref"], "#/components/schemas/Provider");
    assert_eq!(at("health/properties/metaStatus")["x-const"], "CONNECTED");
    let snapshot = built.document.pointer("/components/schemas/Snapshot").unwrap();
    assert_eq!(snapshot["properties"]["fetchedAt"]["x-format"], "date-time");
    assert_eq!(snapshot["required"], serde_json::json!(["fetchedAt"]));
    let phone = serde_json::json!({ "type": "string", "x-pattern": "^[+]" });
    assert_eq!(snapshot["properties"]["others"]["items"], phone);
    assert_eq!(snapshot["properties"]["phoneNumber"]["nullable"], true);
}
