//! Our judgements on top of the page: an OpenAPI Overlay 1.0 document whose every action has a name
//! and says what it expects to find, so that a change upstream stops the action that it concerns.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::{JsonPath, PathElement};

use super::yaml;

/// The whole overlay, read but not applied.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    #[serde(rename = "overlay")]
    version: String,
    #[expect(dead_code, reason = "only for readers, but the specification requires it")]
    info: Info,
    actions: Vec<Action>,
}

impl Overlay {
    /// Reads an overlay; unknown keys are errors.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let overlay: Self = yaml::parse(text)?;
        ensure!(
            overlay.version.starts_with("1.0."),
            "expected `overlay: 1.0.0`, found `overlay: {}`",
            overlay.version
        );
        for (index, Action { name, .. }) in overlay.actions.iter().enumerate() {
            let unique = overlay.actions[..index].iter().all(|other| other.name != *name);
            ensure!(
                unique,
                "expected every action to have a name of its own, found `{name}` twice"
            );
        }
        Ok(overlay)
    }

    /// Applies the actions in their order; also returns the names of those that changed nothing.
    pub(crate) fn apply(&self, mut document: Value) -> Result<(Value, Vec<&str>)> {
        let mut needless = Vec::new();
        for action in &self.actions {
            let Action { name, target, description, .. } = action;
            let before = document.clone();
            action.apply(&mut document).with_context(|| {
                format!("action `{name}` (target `{target}`, \"{description}\")")
            })?;
            if document == before {
                needless.push(name.as_str());
            }
        }
        Ok((document, needless))
    }
}

/// Who reads the overlay finds its title and version here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only for readers, but the specification requires them")]
struct Info {
    title: String,
    version: String,
}

/// One judgement: where it applies and what it changes there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    /// How messages call it.
    #[serde(rename = "x-name")]
    name: String,
    target: String,
    description: String,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
    /// How many places the target must match.
    #[serde(rename = "x-expect")]
    expect: NonZeroUsize,
    /// What the judgement rests on: paths, and how many places each must match, which may be none.
    #[serde(rename = "x-requires", default)]
    requires: BTreeMap<String, usize>,
}

impl Action {
    /// Updates or removes every place that the target matches.
    fn apply(&self, document: &mut Value) -> Result<()> {
        for (path, count) in &self.requires {
            places(document, path, *count)
                .with_context(|| format!("what it rests on, `{path}`, has changed"))?;
        }
        let places = places(document, &self.target, self.expect.get())?;
        match &self.update {
            Some(update) if !self.remove => {
                for place in &places {
                    let node = node(document, place).context("the target is gone")?;
                    update_target(node, update).with_context(|| pointer(place))?;
                }
            }
            None if self.remove => {
                // From the last to the first, so that indices of what is left stay right.
                for place in places.iter().rev() {
                    remove(document, place)?;
                }
            }
            _ => bail!("expected either `update` or `remove: true`"),
        }
        Ok(())
    }
}

/// The places that a path matches, in order, if they are as many as expected.
fn places(document: &Value, path: &str, expect: usize) -> Result<Vec<Place>> {
    let path = JsonPath::parse(path).context("expected an RFC 9535 JSONPath")?;
    let mut places: Vec<Place> = path
        .query_located(document)
        .locations()
        .map(|location| location.iter().map(Step::from).collect())
        .collect();
    places.sort();
    places.dedup();
    ensure!(places.len() == expect, "expected {}, found {}", count(expect), list(&places));
    Ok(places)
}

/// How many matches are expected, in words.
fn count(expect: usize) -> String {
    match expect {
        0 => "no match".to_owned(),
        1 => "1 match".to_owned(),
        more => format!("{more} matches"),
    }
}

/// How many places there are, and which.
fn list(places: &[Place]) -> String {
    let pointers: Vec<String> = places.iter().map(|place| pointer(place)).collect();
    match pointers.len() {
        0 => "none".to_owned(),
        found => format!("{found}: {}", pointers.join(", ")),
    }
}

/// A way from the root of the document to one of its nodes.
type Place = Vec<Step>;

/// One step of a place; unlike the path library's it is ordered and borrows nothing.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Name(String),
}

impl From<&PathElement<'_>> for Step {
    fn from(element: &PathElement<'_>) -> Self {
        match element {
            PathElement::Index(index) => Self::Index(*index),
            PathElement::Name(name) => Self::Name((*name).to_owned()),
        }
    }
}

/// The place as a JSON pointer, for messages.
fn pointer(place: &[Step]) -> String {
    place.iter().fold("#".to_owned(), |parent, step| match step {
        Step::Index(index) => format!("{parent}/{index}"),
        Step::Name(name) => super::pointer::child(&parent, name),
    })
}

/// The node at a place.
fn node<'a>(document: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    place.iter().try_fold(document, |node, step| match step {
        Step::Index(index) => node.get_mut(index),
        Step::Name(name) => node.get_mut(name),
    })
}

/// Removes the node at a place.
fn remove(document: &mut Value, place: &[Step]) -> Result<()> {
    let Some((last, parent)) = place.split_last() else {
        bail!("expected a target inside the document, found the document itself");
    };
    match (node(document, parent), last) {
        (Some(Value::Array(items)), Step::Index(index)) => {
            items.remove(*index);
        }
        // `remove` would move the last field into the gap.
        (Some(Value::Object(fields)), Step::Name(name)) => {
            fields.shift_remove(name);
        }
        _ => bail!("the target is gone"),
    }
    Ok(())
}

/// Updates what a target selected: an update is merged into an object and is one more entry of an
/// array.
fn update_target(target: &mut Value, update: &Value) -> Result<()> {
    match target {
        Value::Array(items) => items.push(update.clone()),
        Value::Object(_) if update.is_object() => merge(target, update, "")?,
        Value::Object(_) => bail!("expected an object as update of an object"),
        _ => bail!("expected the target to be an object or an array, found {target}"),
    }
    Ok(())
}

/// Merges objects key by key, appends arrays, and replaces what is neither.
fn merge(target: &mut Value, update: &Value, place: &str) -> Result<()> {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (key, value) in update {
                match target.get_mut(key) {
                    Some(old) => merge(old, value, &super::pointer::child(place, key))?,
                    None => {
                        target.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(update)) => target.extend(update.iter().cloned()),
        // Whoever means to drop a whole object or array says so with `remove`.
        (Value::Object(_) | Value::Array(_), _) => {
            bail!("expected an object or an array at {place} of the update, as in the target");
        }
        (target, update) => *target = update.clone(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Overlay;

    /// An overlay with the given actions, which are written as a YAML list.
    fn overlay(actions: &str) -> String {
        format!("overlay: 1.0.0\ninfo: {{ title: T, version: '1' }}\nactions:\n{actions}")
    }

    fn apply(actions: &str, document: Value) -> anyhow::Result<Value> {
        Ok(Overlay::parse(&overlay(actions))?.apply(document)?.0)
    }

    #[test]
    fn an_action_changes_every_place_that_it_matches() {
        let table = [
            (
                "objects are merged at every depth",
                "- { x-name: N, x-expect: 1, target: $.a, description: D, update: { b: { d: 2 }, e: 3 } }",
                json!({ "a": { "b": { "c": 1 } } }),
                json!({ "a": { "b": { "c": 1, "d": 2 }, "e": 3 } }),
            ),
            (
                "scalars inside are replaced",
                "- { x-name: N, x-expect: 1, target: $, description: D, update: { a: [x], b: null } }",
                json!({ "a": 1, "b": 1 }),
                json!({ "a": ["x"], "b": null }),
            ),
            (
                "arrays inside are appended",
                "- { x-name: N, x-expect: 1, target: $, description: D, update: { a: [2, 3] } }",
                json!({ "a": [1] }),
                json!({ "a": [1, 2, 3] }),
            ),
            (
                "an update is one more entry of an array",
                "- { x-name: N, x-expect: 1, target: $.a, description: D, update: { b: 1 } }",
                json!({ "a": [0] }),
                json!({ "a": [0, { "b": 1 }] }),
            ),
            (
                "a filter selects",
                "- { x-name: N, x-expect: 1, target: \"$.a[?@.n == 'x']\", description: D, update: { b: 1 } }",
                json!({ "a": [{ "n": "w" }, { "n": "x" }] }),
                json!({ "a": [{ "n": "w" }, { "n": "x", "b": 1 }] }),
            ),
            (
                "names with slashes and tildes are found",
                "- { x-name: N, x-expect: 1, target: \"$['/a~/{b}'].get\", description: D, update: { b: 1 } }",
                json!({ "/a~/{b}": { "get": {} } }),
                json!({ "/a~/{b}": { "get": { "b": 1 } } }),
            ),
            (
                "entries of an array are removed whatever the order of the selectors",
                "- { x-name: N, target: \"$.a[2,0,2]\", description: D, x-expect: 2, remove: true }",
                json!({ "a": [0, 1, 2, 3] }),
                json!({ "a": [1, 3] }),
            ),
            (
                "a match inside a match is removed with it",
                "- { x-name: N, target: $..b, description: D, x-expect: 2, remove: true }",
                json!({ "b": { "b": 1 }, "c": 2 }),
                json!({ "c": 2 }),
            ),
            (
                "a later action sees what an earlier one did",
                "- { x-name: N, x-expect: 1, target: $, description: D, update: { a: {} } }\n- { x-name: M, x-expect: 1, target: $.a, description: D, update: { b: 1 } }",
                json!({}),
                json!({ "a": { "b": 1 } }),
            ),
        ];
        for (name, actions, document, expected) in table {
            assert_eq!(apply(actions, document).expect(name), expected, "{name}");
        }
    }

    #[test]
    fn an_action_that_changes_nothing_is_named() {
        let actions = "
- { x-name: said, x-expect: 1, target: $.a, description: D, update: { b: 1 } }
- { x-name: new, x-expect: 1, target: $.a, description: D, update: { c: 1 } }";
        let overlay = Overlay::parse(&overlay(actions)).unwrap();
        let (result, needless) = overlay.apply(json!({ "a": { "b": 1 } })).unwrap();
        assert_eq!((result, needless), (json!({ "a": { "b": 1, "c": 1 } }), vec!["said"]));
    }

    #[test]
    fn what_an_action_rests_on_must_be_there() {
        let action = "- { x-name: N, target: $, description: D, x-expect: 1, x-requires: { \"$.a['b', 'c']\": 2 }, update: { d: 1 } }";
        let document = json!({ "a": { "b": 1, "c": 1 } });
        assert_eq!(apply(action, document).unwrap(), json!({ "a": { "b": 1, "c": 1 }, "d": 1 }));
        let error = format!("{:#}", apply(action, json!({ "a": { "b": 1 } })).unwrap_err());
        let expected = "action `N` (target `$`, \"D\"): what it rests on, `$.a['b', 'c']`, has changed: \
                        expected 2 matches, found 1: #/a/b";
        assert_eq!(error, expected);
        let none = "- { x-name: N, target: $, description: D, x-expect: 1, x-requires: { $.a: 0 }, update: { d: 1 } }";
        let error = format!("{:#}", apply(none, json!({ "a": 1 })).unwrap_err());
        assert!(error.ends_with("`$.a`, has changed: expected no match, found 1: #/a"), "{error}");
    }

    #[test]
    fn removing_keeps_the_order_of_the_other_fields() {
        let document = json!({ "a": 1, "b": 2, "c": 3, "d": 4 });
        let result = apply(
            "- { x-name: N, x-expect: 1, target: $.b, description: D, remove: true }",
            document,
        )
        .unwrap();
        assert_eq!(result.to_string(), r#"{"a":1,"c":3,"d":4}"#);
    }

    #[test]
    fn an_action_that_does_not_fit_is_an_error_that_names_it() {
        let table = [
            (
                "- { x-name: N, x-expect: 1, target: $.a, description: D, update: {} }\n- { x-name: second, x-expect: 1, target: $.z, description: Why, update: {} }",
                "action `second` (target `$.z`, \"Why\"): expected 1 match, found none",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $.*, description: Why, remove: true }",
                "action `N` (target `$.*`, \"Why\"): expected 1 match, found 3: #/~1c, #/a, #/b",
            ),
            (
                "- { x-name: N, target: $.a, description: D, x-expect: 2, update: {} }",
                "expected 2 matches, found 1: #/a",
            ),
            (
                "- { x-name: N, x-expect: 1, target: '$.[', description: D, update: {} }",
                "action `N` (target `$.[`, \"D\"): expected an RFC 9535",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $.a, description: D }",
                "expected either `update` or `remove: true`",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $.a, description: D, update: {}, remove: true }",
                "expected either `update` or",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $, description: D, remove: true }",
                "found the document itself",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $.b, description: D, update: {} }",
                "#/b: expected the target to be an object or an array",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $.a, description: D, update: 1 }",
                "#/a: expected an object as update",
            ),
            (
                "- { x-name: N, x-expect: 1, target: $, description: D, update: { a: { x: 1 } } }",
                "#: expected an object or an array at /a/x of the update",
            ),
        ];
        let document = json!({ "a": { "x": [] }, "b": 1, "/c": 2 });
        for (actions, expected) in table {
            let error = format!("{:#}", apply(actions, document.clone()).expect_err(expected));
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
    }

    #[test]
    fn an_overlay_with_anything_unknown_is_refused_with_its_place() {
        let action = "- { x-name: N, x-expect: 1, target: $, description: D, update: {} }";
        let table = [
            (
                overlay("- { x-name: N, x-expect: 1, target: $, description: D, updat: {} }"),
                "line 4",
            ),
            (
                overlay("- { x-name: N, target: $, description: D, x-expect: 0, update: {} }"),
                "line 4",
            ),
            (overlay("- { x-name: N, x-expect: 1, target: $, update: {} }"), "description"),
            (overlay("- { x-expect: 1, target: $, description: D, update: {} }"), "x-name"),
            (overlay("- { x-name: N, target: $, description: D, update: {} }"), "x-expect"),
            (overlay(&format!("{action}\n{action}")), "found `N` twice"),
            (overlay(action) + "\nextends: other.yaml\n", "line 5"),
            (
                overlay(action).replace("1.0.0", "2.0.0"),
                "expected `overlay: 1.0.0`, found `overlay: 2.0.0`",
            ),
            (overlay(action).replace("title: T, ", ""), "title"),
            ("overlay: 1.0.0\noverlay: 1.0.0\n".to_owned(), "line 2"),
        ];
        for (text, expected) in table {
            let error = format!("{:#}", Overlay::parse(&text).expect_err(expected));
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
    }
}
