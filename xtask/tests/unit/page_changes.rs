//! Every kind of change of the page ends as it should: it stops an action or a check, or it is
//! reported with its effect on users. The page and the overlay are small ones, except in the last
//! test.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::diff::diff;
use super::page;
use super::pipeline::{self, Built, Input, Published};
use super::report::Report;
use super::sources::Sources;
use super::verdict::{Effect, Interface};
use super::{OUTPUT, OVERLAY, SOURCES, read, stored};

/// The effect of a change that is reported, or none if it stops the run.
type Outcome = Option<Effect>;
const STOPS: Outcome = None;
const BREAKING: Outcome = Some(Effect::Breaking);
const COMPATIBLE: Outcome = Some(Effect::Compatible);
const WORDS: Outcome = Some(Effect::Words);

fn input(file: &str, text: &str) -> Input {
    Input { url: None, file: file.to_owned(), from: file.to_owned(), text: text.to_owned() }
}

static JUDGEMENTS: LazyLock<Input> =
    LazyLock::new(|| input("overlay.yaml", include_str!("../fixture/overlay.yaml")));
static BEFORE: LazyLock<Built> =
    LazyLock::new(|| pipeline::build(document(), &[], &JUDGEMENTS).unwrap());

fn document() -> Value {
    page::extract(include_str!("../fixture/page.md")).unwrap().document
}

/// The outcome of a changed page, and the report or the error.
fn outcome(new: &Value) -> (Outcome, String) {
    let built = match pipeline::build(new.clone(), &[], &JUDGEMENTS) {
        Ok(built) => built,
        Err(error) => return (STOPS, format!("{error:#}")),
    };
    let mut report = Report::default();
    report.page = diff(&document(), new);
    report.add_hidden(&built.written);
    let verdict = BEFORE.interface.compare(&built.interface);
    let effect = verdict.0;
    report.add_document(diff(&BEFORE.document, &built.document), verdict, "0.1.0");
    (Some(effect), report.to_text())
}

/// A place, the JSON that is set there, what it ends as, and a part of what is reported. Empty JSON
/// removes the value.
///
/// `@` stands for the operation, `@200` for the body of that response, and `-` for the end of a
/// list.
type Case<'a> = (&'a str, &'a str, Outcome, &'a str);

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

fn edit(page: &mut Value, place: &str, json: &str) {
    let at = pointer(place);
    let (parent, key) = at.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    let value = (!json.is_empty()).then(|| serde_json::from_str(json).unwrap());
    match (page.pointer_mut(parent), value) {
        (Some(Value::Object(fields)), Some(value)) => _ = fields.insert(key, value),
        (Some(Value::Object(fields)), None) => _ = fields.shift_remove(&key).expect(&at),
        (Some(Value::Array(items)), Some(value)) if key == "-" => items.push(value),
        (Some(Value::Array(items)), None) => _ = items.remove(key.parse().unwrap()),
        (parent, _) => panic!("{at}: {parent:?}"),
    }
}

fn check(table: &[Case]) {
    let mut wrong = String::new();
    for (place, json, expected, part) in table {
        let mut new = document();
        edit(&mut new, place, json);
        let (found, text) = outcome(&new);
        if found != *expected || !text.contains(part) {
            wrong += &format!(
                "{place} {json}: expected {expected:?}, {part:?}; found {found:?}, {text}\n"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

const BARE: &str = r#"{"description":"D"}"#;
const TEXT: &str = r#"{"schema":{"type":"string"}}"#;

#[test]
fn changed_responses_have_their_effect() {
    let with_header = r#"{"Retry-After":{"schema":{"type":"integer"}}}"#;
    check(&[
        ("@400/schema/required", r#"["error"]"#, STOPS, "action `errors-untyped`"),
        ("@400/example/error", r#""No""#, WORDS, "example/error"),
        ("@400/example/requestId", "1", STOPS, "the example has /requestId"),
        ("@/responses/400/headers", with_header, WORDS, "400/headers`: new"),
        (
            "@/responses/401",
            BARE,
            STOPS,
            "401: the page, or an action before this one, has this now",
        ),
        ("@/responses/410", BARE, STOPS, "410: expected the schema { $ref: '#/com"),
        ("@/responses/default", BARE, STOPS, "found `default`, of which the client has no type"),
        ("@/responses/204", BARE, STOPS, "removes `$.paths['/v1/numbers/{id}'].get.resp"),
        ("@/responses/202", BARE, STOPS, "{id}'].get.responses['202']`"),
        ("@/responses/200", "", STOPS, "action `answer`"),
        ("@/responses/200/content/text~1csv", TEXT, WORDS, "text~1csv`: new"),
        ("@200/schema", r#"{"type":"object"}"#, STOPS, "action `answer`"),
    ]);
}

#[test]
fn changed_example_has_its_effect() {
    let open =
        r#"shows "PAUSED" at /state, which is not in the open enum `#/components/schemas/State`"#;
    let number = "the example has /new, which its schema `#/components/schemas/Number` does not";
    check(&[
        ("@200/example/new", "1", STOPS, number),
        ("@200/example/health/new", "1", STOPS, "the example has /health/new"),
        ("@200/example/health/code", "", STOPS, "expected 2 matches, found 1, without `code`"),
        ("@200/example/id", "1", STOPS, "does not fit its schema at /id"),
        ("@200/example/sites", "[{}]", STOPS, "at /sites/0"),
        ("@200/example/state", r#""PAUSED""#, STOPS, open),
        ("@200/example/state", r#""CLOSE""#, WORDS, "example/state"),
    ]);
}

#[test]
fn changed_parameters_have_their_effect() {
    let required = "expected `required: true`, since `id` is in the path: write an action";
    let cookie =
        "found `c` in `cookie`, which the client cannot send: write an action that removes";
    let list = r#"{"name":"l","in":"query","schema":{"type":"array","items":{"type":"string"}}}"#;
    let closed = r#"found the closed enum ["1"]: write an action that removes its `enum`"#;
    let default = r#"{"name":"n","in":"query","schema":{"type":"string","default":"x"}}"#;
    let call = "- `Client::get_numbers_id`: `async fn";
    check(&[
        ("@/parameters/0/schema/type", r#""integer""#, STOPS, "action `id-untyped`"),
        ("@/parameters/0/name", r#""number""#, STOPS, "action `id-untyped`"),
        ("@/parameters/0/required", "false", STOPS, required),
        ("@/parameters/0", "", STOPS, "action `id`"),
        ("@/parameters/1/deprecated", "true", WORDS, "parameters/1/deprecated"),
        ("@/parameters/1/example", r#"{"enum":["a"]}"#, WORDS, "parameters/1/example"),
        ("@/parameters/1/in", r#""header""#, COMPATIBLE, "_id`: the same item, with other code"),
        ("@/parameters/1/required", "true", BREAKING, call),
        ("@/parameters/1/schema/default", r#""0""#, WORDS, "parameters/1/schema/default"),
        ("@/parameters/1/schema/enum", r#"["1"]"#, STOPS, closed),
        ("@/parameters/-", default, BREAKING, call),
        ("@/parameters/-", list, STOPS, "expected the type string, integer, number or"),
        ("@/parameters/-", r#"{"name":"c","in":"cookie"}"#, STOPS, cookie),
    ]);
}

/// An operation that meets few rules.
const OTHER: &str = r#"{"operationId":"x","responses":{},
        "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}]}"#;

/// An operation that meets all rules.
const WHOLE: &str = r##"{"operationId":"x",
    "parameters":[{"name":"id","in":"path","required":true,"schema":{"$ref":"#/components/schemas/NumberId"}}],
    "responses":{
        "200":{"description":"D","content":{"application/json":{"schema":
            {"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}}}},
        "400":ERROR,"401":ERROR,"402":ERROR,"403":ERROR,"429":ERROR,"5XX":ERROR
    }}"##;
const ERROR: &str = r##"{"description":"E","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ApiError"}}}}"##;

#[test]
fn changed_operations_have_their_effect() {
    let patch = "/paths/~1v1~1numbers~1{id}/patch";
    let whole = WHOLE.replace("ERROR", ERROR);
    let accepted = whole.replace(r#""200""#, r#""202""#);
    let other_id = whole.replace("NumberId", "ApiError");
    let other_error = whole.replace("ApiError", "NumberId");
    let clashing = whole.replace(r#""x""#, r#""getNumbersId""#);
    let other_name = whole.replace(r#""name":"id""#, r#""name":"no""#);
    let object = r#"{"content":{"application/json":{"schema":{"type":"object"}}}}"#;
    let example = r#"{"content":{"application/json":{"example":{"a":[1],"b":null}}}}"#;
    let form = r#"{"content":{"multipart/form-data":{"schema":{"type":"object"}}}}"#;
    let draft = r#"the update `schema: {"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}},"b":{"type":"?"}}}`"#;
    let form_found = r#"a body of `application/json`, found ["multipart/form-data"]"#;
    let missing = "400, 401, 402, 403, 429, 5XX are missing: write an action with the target `$.paths['/v1/numbers/{id}'].patch.responses`";
    let open = "- `types::XResponse`: new, `#[derive(Clone, Debug, Default, PartialEq, schemars::JsonSchema)] #[non_exhaustive]";
    check(&[
        ("@/requestBody", object, BREAKING, "- `Client::get_numbers_id`: `async fn"),
        ("@/requestBody", example, STOPS, draft),
        ("@/requestBody", form, STOPS, form_found),
        ("@/operationId", r#""getNumbersId""#, WORDS, "get/operationId"),
        ("@/operationId", r#""get_number""#, BREAKING, "operationId"),
        ("@/operationId", "", STOPS, "expected an operationId that can name a method"),
        ("@/callbacks", "{}", STOPS, "`callbacks` is not a field of Operation"),
        (patch, OTHER, STOPS, "parameters/0/schema: expected a reference to `#/comp"),
        (patch, OTHER, STOPS, missing),
        (patch, OTHER, STOPS, "expected one success, 200, 201 or 202, found none"),
        (patch, &other_id, STOPS, "patch/parameters/0/schema: expected a reference to"),
        (patch, &other_error, STOPS, "patch/responses/403: expected the schema { $ref:"),
        (patch, &clashing, STOPS, "own, found `get_numbers_id` at #/paths/~1v1~1numbers~1{id}/get"),
        (patch, &other_name, STOPS, r#"the path parameters {"id"} of the path, found {"no"}"#),
        (patch, &whole, COMPATIBLE, "- `Client::x`: new, `async fn"),
        (patch, &whole, COMPATIBLE, open),
        (patch, &accepted, COMPATIBLE, open),
    ]);
}

#[test]
fn renamed_path_is_one_problem() {
    let mut new = document();
    let paths = new["paths"].as_object_mut().unwrap();
    let operations = paths.shift_remove("/v1/numbers/{id}").unwrap();
    paths.insert("/v1/numbers/{id}/".to_owned(), operations);
    let (found, text) = outcome(&new);
    assert_eq!((found, text.lines().count()), (STOPS, 1), "{text}");
    let expected = "no page has the path `/v1/numbers/{id}`, which the actions `prose`, `id-untyped`, `id`, `errors-untyped`, `errors`, `more-errors`, `answer`, `number` are about; the pages have `/v1/numbers/{id}/`: ";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn changed_schemas_have_their_effect() {
    let no_items = r#"{"New":{"anyOf":[{"type":"array"},{"type":"null"}]}}"#;
    let no_type = r#"{"New":{"type":"object","properties":{"a":{}}}}"#;
    let nowhere = r##"{"New":{"$ref":"#/components/schemas/No"}}"##;
    let circle = r##"{"New":{"oneOf":[{"$ref":"#/components/schemas/New"},{"type":"null"}]}}"##;
    let several = r#"{"New":{"allOf":[{"type":"object"},{"type":"object"}]}}"#;
    let inline = r#"{"New":{"properties":{"a":{"type":"string","x-extensible-enum":["A"]}}}}"#;
    let object = r#"{"New":{"type":"object","properties":{"a":{"type":"string"}}}}"#;
    let component = r#"{"New":{"type":"string","enum":["A"]}}"#;
    let opened = r#"removes `$.components.schemas.New`, which is {"type":"string","enum":["A"]}, and one with the target `$.components.schemas` and `update: { New: {"type":"string","x-extensible-enum":["A"]} }`. If"#;
    let nullable = r#"{"New":{"type":"object","properties":{"a":{"anyOf":[{"type":"string","enum":["A",null]},{"type":"null"}]}}}}"#;
    let referred = r#"removes `$.components.schemas.New.properties.a`, which is {"anyOf":[{"type":"string","enum":["A",null]},{"type":"null"}]}, and one with the target `$.components.schemas.New.properties` and `update: { a: { $ref: '#/components/schemas/Name' } }`; and one with the target `$.components.schemas` and `update: { Name: {"type":"string","x-extensible-enum":["A"]} }`"#;
    let known =
        r#"{"New":{"type":"object","properties":{"a":{"type":"string","enum":["OPEN","CLOSE"]}}}}"#;
    let known_referred = "`update: { a: { $ref: '#/components/schemas/State' } }`, which has these";
    let twice = r#"{"New":{"properties":{"a":{"type":"string"}},"oneOf":[{"type":"object","properties":{}}]}}"#;
    let at = "/components/schemas";
    check(&[
        (at, object, COMPATIBLE, "- `types::New`: new"),
        (at, component, STOPS, opened),
        (at, nullable, STOPS, referred),
        (at, known, STOPS, known_referred),
        (at, inline, STOPS, "New/properties/a: expected an open enum as a component"),
        (at, no_items, STOPS, "with the target `$.components.schemas.New.anyOf[0]`"),
        (at, no_type, STOPS, "New/properties/a: expected a type"),
        (at, several, STOPS, "New/allOf: expected one schema"),
        (at, circle, STOPS, "expected a schema with a type beside null"),
        (at, nowhere, STOPS, "expected a reference that leads somewhere"),
        (at, r#"{"New":{"if":{}}}"#, STOPS, "New/if: `if` is not a schema keyword"),
        (at, r#"{"New":{"type":["null"]}}"#, STOPS, r#"New/type: expected a type, found "null""#),
        (at, r#"{"New":{"type":["string","integer"]}}"#, STOPS, "New/type: expected one, or"),
        (at, r#"{"New":{"oneOf":[{},{}]}}"#, STOPS, "New/oneOf: expected one, or"),
        (at, twice, STOPS, "New: expected one `properties` in OpenAPI 3.0, found two"),
        (at, r#"{"Number":{"type":"object"}}"#, STOPS, "action `number`"),
    ]);
}

#[test]
fn schemas_with_one_rust_type_stop() {
    let object = |properties: &Value| json!({ "type": "object", "properties": properties });
    let [x, y] = ["x", "y"].map(|field| object(&json!({ field: { "type": "string" } })));
    let outer = |inner: &Value| object(&json!({ "inner": inner }));
    let titled = |schema: &Value| json!({ "title": "T", "type": "object", "properties": schema["properties"] });
    let error = "/properties/inner: expected a schema with its own Rust type";
    let one_title = "expected a schema with its own Rust type";
    let table = [
        (json!({ "Outer": outer(&x) }), COMPATIBLE, "- `types::OuterInner`: new"),
        (json!({ "Outer": outer(&x), "OuterInner": x }), STOPS, error),
        (json!({ "OuterInner": y, "Outer": outer(&x) }), STOPS, error),
        (json!({ "Two": object(&json!({ "a": titled(&x), "b": titled(&y) })) }), STOPS, one_title),
        (json!({ "OuterInner": y, "Outer": outer(&titled(&x)) }), COMPATIBLE, "- `types::T`: new"),
    ];
    for (schemas, expected, part) in table {
        check(&[("/components/schemas", &schemas.to_string(), expected, part)]);
    }
}

#[test]
fn changed_document_has_its_effect() {
    check(&[
        ("@/security", "[]", STOPS, "action `security`"),
        ("/servers/-", r#"{"url":"https://b"}"#, WORDS, "#/servers"),
        ("/webhooks", "{}", STOPS, "`webhooks` is not a field of Document"),
        ("/openapi", "3.1", STOPS, "such as `3.1.0` or `3.0.3`, found 3.1"),
        ("/openapi", r#""3.2.0""#, STOPS, "such as `3.1.0`"),
        ("/openapi", r#""3.1.1""#, WORDS, "#/openapi"),
        ("/info/version", r#""1.0.1""#, WORDS, "#/info/version"),
        ("@/summary", r#""S""#, WORDS, "get/summary"),
        ("@/description", r#""D""#, WORDS, "openapi.json: action `prose` writes this"),
        ("@/deprecated", "true", WORDS, "of which no compiler warns:\n- `#/paths/"),
        ("@/tags", r#"["Numbers","Numbers"]"#, WORDS, "get/tags/1`: new"),
        ("@/x-codeSamples", "[]", WORDS, "x-codeSamples"),
    ]);
}

#[test]
fn effect_follows_from_generated_items() {
    let sent =
        r##"{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Sent"}}}}"##;
    let object = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let text = r#"{"type":"string","nullable":true}"#;
    let (name, values) = ("Number/properties/name", "State/x-extensible-enum");
    let mut old = BEFORE.document.clone();
    edit(&mut old, "@/requestBody", sent);
    edit(&mut old, "/components/schemas/Sent", object);
    let before = Interface::of(&old).unwrap();
    let table = [
        (&[("Sent/properties/new", text)][..], Effect::Breaking, "types::Sent"),
        (&[(name, "")], Effect::Breaking, "types::Number.name"),
        (&[(name, ""), ("Number/properties/Name", text)], Effect::Compatible, "types::Number"),
        (&[(values, r#"["OPEN","CLOSE","NEW"]"#)], Effect::Compatible, "types::State: \"NEW\""),
        (&[(values, r#"["OPEN"]"#)], Effect::Breaking, "types::State: \"CLOSE\""),
    ];
    for (edits, expected, at) in table {
        let mut new = old.clone();
        for (place, json) in edits {
            edit(&mut new, &format!("/components/schemas/{place}"), json);
        }
        let (effect, changes) = before.compare(&Interface::of(&new).unwrap());
        assert_eq!(effect, expected, "{edits:?}: {changes:?}");
        assert!(changes.iter().any(|change| change.at == at), "{edits:?}: {changes:?}");
    }
}

/// The 200 as a vendor's tool would export it: closed, required, nullable by type arrays, with
/// formats and references.
const SCHEMA: &str = r##"{
    "type": "object", "additionalProperties": false, "required": ["id", "state", "health"],
    "properties": {
        "id": { "type": "string", "minLength": 1, "examples": ["num_1"] },
        "name": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
        "state": { "$ref": "#/components/schemas/State", "description": "D" },
        "sites": { "type": ["array", "null"], "items": { "anyOf": [{ "$ref": "#/components/schemas/Phone" }, { "type": "null" }] } },
        "isFullyConnected": { "type": "boolean", "default": false },
        "health": {
            "type": "object", "additionalProperties": false, "required": ["sendable"],
            "properties": { "sendable": { "type": "boolean" }, "code": { "type": ["string", "null"] }, "status": { "const": "CONNECTED" } }
        },
        "meta": { "anyOf": [{ "$ref": "#/components/schemas/Snapshot" }, { "type": "null" }] }
    }
}"##;
const COMPONENTS: &str = r##"{
    "Snapshot": { "type": "object", "required": ["fetchedAt"], "properties": {
        "fetchedAt": { "type": "string", "format": "date-time" },
        "waba": { "type": "object", "additionalProperties": { "type": "string" } },
        "phone": { "$ref": "#/components/schemas/Phone" }
    } },
    "Phone": { "type": "string", "pattern": "^[a-z]" }
}"##;

#[test]
fn schema_of_the_200_becomes_lenient_types() {
    let (start, rest) = JUDGEMENTS.text.split_once("  - x-name: answer\n").unwrap();
    let (_, end) = rest.split_once("  - x-name: number\n").unwrap();
    let overlay = input("overlay.yaml", &format!("{start}  - x-name: number\n{end}"));
    let mut page = document();
    edit(&mut page, "@200/schema", SCHEMA);
    edit(&mut page, "/components/schemas", COMPONENTS);
    let built = pipeline::build(page, &[], &overlay).unwrap_or_else(|e| panic!("{e:#}"));
    let (_, changes) = BEFORE.interface.compare(&built.interface);
    for name in ["types::GetNumbersIdResponse", "types::Snapshot"] {
        assert!(changes.iter().any(|change| change.at == name), "{changes:?}");
    }
    let schema = built.document.pointer(&pointer("@200/schema")).unwrap();
    assert_eq!(schema["required"], json!(["id"]));
    assert_eq!(schema["additionalProperties"], json!({}));
    let at = |pointer: &str| schema.pointer(&format!("/properties/{pointer}")).unwrap();
    assert_eq!(at("id")["x-minLength"], 1);
    assert_eq!(at("isFullyConnected")["nullable"], true);
    assert_eq!(at("state")["allOf"][0]["$ref"], "#/components/schemas/State");
    assert_eq!(at("health/properties/status")["x-const"], "CONNECTED");
    assert_eq!(*at("sites/items"), json!({ "type": "string", "x-pattern": "^[a-z]" }));
    let snapshot = built.document.pointer("/components/schemas/Snapshot").unwrap();
    assert_eq!(snapshot["required"], json!(["fetchedAt"]));
    assert_eq!(snapshot["properties"]["fetchedAt"]["x-format"], "date-time");
    assert_eq!(snapshot["properties"]["phone"]["nullable"], true);
}

#[test]
fn overlay_of_this_repository_pins_constants_of_the_client() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = Sources::parse(&read(&root, SOURCES).unwrap()).unwrap();
    let mut report = Report::default();
    let pages = stored(&root, &list, &mut report).unwrap().inputs;
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    let overlay = input(OVERLAY, &read(&root, OVERLAY).unwrap());
    let published = || Published::read(&pages).unwrap().document;
    let document = pipeline::build(published(), &pages, &overlay).unwrap().text;
    assert!(document == read(&root, OUTPUT).unwrap(), "run `cargo xtask regen`");
    let build = |place: &str, json: &str| {
        let mut document = published();
        edit(&mut document, place, json);
        pipeline::build(document, &pages, &overlay)
    };
    build("/servers/0/url", r#""https://pilotstatus.com.br/""#).unwrap();
    let base_url = "constant DEFAULT in src/ext/client/base_url.rs";
    for (place, json, expected) in [
        ("/servers/0/url", r#""https://pilotstatus.online""#, base_url),
        ("/servers/0/url", r#""https://pilotstatus.com.br/api""#, base_url),
        ("@/parameters/1/example", r#""true""#, "src/ext/number/handle.rs"),
        ("@/parameters/1/description", r#""Pass `true`.""#, "src/ext/number/handle.rs"),
        ("/security", "[]", "action `security`"),
    ] {
        let error = format!("{:#}", build(place, json).err().expect(json));
        assert!(error.contains(expected), "{error}");
    }
}
