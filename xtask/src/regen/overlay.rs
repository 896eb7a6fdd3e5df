//! Our judgements on top of the page: an OpenAPI Overlay 1.0 document whose every action says how many places it
//! expects to match, so that a change upstream stops the action that it concerns.

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
        Ok(overlay)
    }

    /// Applies the actions in their order.
    pub(crate) fn apply(&self, mut document: Value) -> Result<Value> {
        for (index, action) in self.actions.iter().enumerate() {
            let position = index + 1;
            let Action { target, description, .. } = action;
            action.apply(&mut document).with_context(|| {
                format!("action {position} (target `{target}`, \"{description}\")")
            })?;
        }
        Ok(document)
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
    target: String,
    description: String,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
    #[serde(rename = "x-expect", default = "one")]
    expect: NonZeroUsize,
}

/// How many matches an action expects unless it says otherwise.
fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

impl Action {
    /// Updates or removes every place that the target matches.
    fn apply(&self, document: &mut Value) -> Result<()> {
        let places = self.places(document)?;
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

    /// The places that the target matches, in order, if they are as many as expected.
    fn places(&self, document: &Value) -> Result<Vec<Place>> {
        let path =
            JsonPath::parse(&self.target).context("expected an RFC 9535 JSONPath as target")?;
        let mut places: Vec<Place> = path
            .query_located(document)
            .locations()
            .map(|location| location.iter().map(Step::from).collect())
            .collect();
        places.sort();
        places.dedup();
        ensure!(
            places.len() == self.expect.get(),
            "expected {}, found {}",
            count(self.expect),
            list(&places)
        );
        Ok(places)
    }
}

/// How many matches are expected, in words.
fn count(expect: NonZeroUsize) -> String {
    match expect.get() {
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

/// Updates what a target selected: an update is merged into an object and is one more entry of an array.
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
        Overlay::parse(&overlay(actions))?.apply(document)
    }

    #[test]
    fn an_action_changes_every_place_that_it_matches() {
        let table = [
            (
                "objects are merged at every depth",
                "- { target: $.a, description: D, update: { b: { d: 2 }, e: 3 } }",
                json!({ "a": { "b": { "c": 1 } } }),
                json!({ "a": { "b": { "c": 1, "d": 2 }, "e": 3 } }),
            ),
            (
                "scalars inside are replaced",
                "- { target: $, description: D, update: { a: [x], b: null } }",
                json!({ "a": 1, "b": 1 }),
                json!({ "a": ["x"], "b": null }),
            ),
            (
                "arrays inside are appended",
                "- { target: $, description: D, update: { a: [2, 3] } }",
                json!({ "a": [1] }),
                json!({ "a": [1, 2, 3] }),
            ),
            (
                "an update is one more entry of an array",
                "- { target: $.a, description: D, update: { b: 1 } }",
                json!({ "a": [0] }),
                json!({ "a": [0, { "b": 1 }] }),
            ),
            (
                "a filter selects",
                "- { target: \"$.a[?@.n == 'x']\", description: D, update: { b: 1 } }",
                json!({ "a": [{ "n": "w" }, { "n": "x" }] }),
                json!({ "a": [{ "n": "w" }, { "n": "x", "b": 1 }] }),
            ),
            (
                "names with slashes and tildes are found",
                "- { target: \"$['/a~/{b}'].get\", description: D, update: { b: 1 } }",
                json!({ "/a~/{b}": { "get": {} } }),
                json!({ "/a~/{b}": { "get": { "b": 1 } } }),
            ),
            (
                "entries of an array are removed whatever the order of the selectors",
                "- { target: \"$.a[2,0,2]\", description: D, x-expect: 2, remove: true }",
                json!({ "a": [0, 1, 2, 3] }),
                json!({ "a": [1, 3] }),
            ),
            (
                "a match inside a match is removed with it",
                "- { target: $..b, description: D, x-expect: 2, remove: true }",
                json!({ "b": { "b": 1 }, "c": 2 }),
                json!({ "c": 2 }),
            ),
            (
                "a later action sees what an earlier one did",
                "- { target: $, description: D, update: { a: {} } }\n- { target: $.a, description: D, update: { b: 1 } }",
                json!({}),
                json!({ "a": { "b": 1 } }),
            ),
        ];
        for (name, actions, document, expected) in table {
            assert_eq!(apply(actions, document).expect(name), expected, "{name}");
        }
    }

    #[test]
    fn removing_keeps_the_order_of_the_other_fields() {
        let document = json!({ "a": 1, "b": 2, "c": 3, "d": 4 });
        let result = apply("- { target: $.b, description: D, remove: true }", document).unwrap();
        assert_eq!(result.to_string(), r#"{"a":1,"c":3,"d":4}"#);
    }

    #[test]
    fn an_action_that_does_not_fit_is_an_error_that_names_it() {
        let table = [
            (
                "- { target: $.a, description: D, update: {} }\n- { target: $.z, description: Why, update: {} }",
                "action 2 (target `$.z`, \"Why\"): expected 1 match, found none",
            ),
            (
                "- { target: $.*, description: Why, remove: true }",
                "action 1 (target `$.*`, \"Why\"): expected 1 match, found 3: #/~1c, #/a, #/b",
            ),
            (
                "- { target: $.a, description: D, x-expect: 2, update: {} }",
                "expected 2 matches, found 1: #/a",
            ),
            (
                "- { target: '$.[', description: D, update: {} }",
                "action 1 (target `$.[`, \"D\"): expected an RFC 9535",
            ),
            ("- { target: $.a, description: D }", "expected either `update` or `remove: true`"),
            (
                "- { target: $.a, description: D, update: {}, remove: true }",
                "expected either `update` or",
            ),
            ("- { target: $, description: D, remove: true }", "found the document itself"),
            (
                "- { target: $.b, description: D, update: {} }",
                "#/b: expected the target to be an object or an array",
            ),
            ("- { target: $.a, description: D, update: 1 }", "#/a: expected an object as update"),
            (
                "- { target: $, description: D, update: { a: { x: 1 } } }",
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
        let action = "- { target: $, description: D, update: {} }";
        let table = [
            (overlay("- { target: $, description: D, updat: {} }"), "line 4"),
            (overlay("- { target: $, description: D, x-expect: 0, update: {} }"), "line 4"),
            (overlay("- { target: $, update: {} }"), "description"),
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
