//! Our judgements on top of the page: an OpenAPI Overlay 1.0 document whose every action has a name
//! and says what it expects to find, so that a change upstream stops the action that it concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::pointer::{child, find, find_mut};
use super::{problems, yaml};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    #[serde(rename = "overlay")]
    version: String,
    #[expect(dead_code, reason = "only for readers, but the specification requires it")]
    info: Value,
    actions: Vec<Action>,
}

/// The places that an action wrote or removed.
#[derive(Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) action: String,
    /// `writes` or `removes`.
    pub(crate) verb: &'static str,
    /// The JSON pointers of the values, with all that is in them.
    pub(crate) at: Vec<String>,
}

impl Written {
    /// Returns whether a value is the action's, and not the page's.
    pub(crate) fn covers(&self, place: &str) -> bool {
        let mut inside = self.at.iter().filter_map(|at| place.strip_prefix(at.as_str()));
        inside.any(|rest| rest.is_empty() || rest.starts_with('/'))
    }
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
        let mut names = BTreeSet::new();
        for Action { name, .. } in &overlay.actions {
            ensure!(
                names.insert(name),
                "expected every action to have its own name, found `{name}` twice"
            );
        }
        Ok(overlay)
    }

    /// Applies the actions in their order, and returns the places that each wrote. Those that do not
    /// fit are all reported, each with all of `x-requires` that has changed, or else with its first
    /// error. They are applied all the same, so that no later action fails because of them.
    pub(crate) fn apply(&self, mut document: Value) -> Result<(Value, Vec<Written>)> {
        let paths = document["paths"].as_object().into_iter().flatten();
        let paths: Vec<String> = paths.map(|(path, _)| format!("`{path}`")).collect();
        let mut written = Vec::new();
        let mut problems = Vec::new();
        let mut lost: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for action in &self.actions {
            let Action { name, target, description, .. } = action;
            if let Some(path) = action.lost_path(&document) {
                lost.entry(path).or_default().push(format!("`{name}`"));
                continue;
            }
            let mut errors = Vec::new();
            let at = action.apply(&mut document, &mut errors);
            if let Some(error) = errors.into_iter().next() {
                problems.push(format!(
                    "action `{name}` (target `{target}`, \"{description}\"): {error:#}"
                ));
            }
            let verb = if action.remove { "removes" } else { "writes" };
            written.push(Written { action: name.clone(), verb, at });
        }
        for (path, actions) in lost {
            problems.push(format!(
                "no page has the path `{path}`, which the actions {} are about; the pages have {}: change the path in these actions, or remove them",
                actions.join(", "),
                paths.join(", ")
            ));
        }
        problems::none(&problems)?;
        Ok((document, written))
    }
}

/// One judgement: where it applies and what it changes there, if anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    #[serde(rename = "x-name")]
    name: String,
    target: String,
    description: String,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
    /// The exact value that `remove` removes at each place.
    #[serde(rename = "x-removes")]
    removes: Option<Value>,
    #[serde(rename = "x-expect")]
    expect: NonZeroUsize,
    /// The facts that the judgement rests on: paths, each with a number of places, or with the exact
    /// value of its one place.
    #[serde(rename = "x-requires", default)]
    requires: BTreeMap<String, Required>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Required {
    Count(usize),
    Value { is: Value },
}

impl Action {
    /// Returns the path of operations that the action is about, if the document does not have it.
    fn lost_path(&self, document: &Value) -> Option<&str> {
        let needed = self.requires.iter().filter(|(_, of)| !matches!(of, Required::Count(0)));
        let paths = needed.map(|(path, _)| path).chain([&self.target]);
        let paths = paths.filter_map(|path| path.strip_prefix("$.paths['")?.split_once("']"));
        // A quote separates the names of a list, such as `['/a', '/b']`.
        let is_lost =
            |path: &&str| !path.contains('\'') && find(document, &child("#/paths", path)).is_none();
        paths.map(|(path, _)| path).find(is_lost)
    }

    /// Updates or removes every place that the target matches; returns what it wrote.
    fn apply(&self, document: &mut Value, errors: &mut Vec<Error>) -> Vec<String> {
        let changed = self.requires.iter().filter_map(|(path, required)| {
            Some(format!("`{path}`: {:#}", require(document, path, required).err()?))
        });
        let changed = changed.collect::<Vec<_>>().join("; ");
        if !changed.is_empty() {
            errors.push(anyhow!(
                "what it rests on has changed, so make it fit, or remove it: {changed}"
            ));
        }
        let mut places = places(document, &self.target).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        errors.extend(expect(&self.target, &places, self.expect.get()).err());
        match (&self.update, self.remove, &self.removes) {
            (Some(update), false, None) => {
                let mut written = Vec::new();
                for at in &places {
                    errors.extend(update_at(document, at, update, &mut written).err());
                }
                return written;
            }
            (None, true, removed) => {
                // From the last to the first, so that indices of what is left stay right.
                for at in places.iter().rev() {
                    errors.extend(remove(document, at, removed.as_ref()).err());
                }
            }
            (None, false, None) if !self.requires.is_empty() => places.clear(),
            _ => errors.push(anyhow!(
                "expected `update`, or `remove: true` with `x-removes`, or `x-requires` alone"
            )),
        }
        places
    }
}

fn require(document: &Value, path: &str, required: &Required) -> Result<()> {
    let places = places(document, path)?;
    match required {
        Required::Count(count) => expect(path, &places, *count),
        Required::Value { is } => {
            expect(path, &places, 1)?;
            let found = find(document, &places[0]).unwrap_or(&Value::Null);
            ensure!(found == is, "expected {is}, found {found}");
            Ok(())
        }
    }
}

fn places(document: &Value, path: &str) -> Result<Vec<String>> {
    let path = JsonPath::parse(path).context("expected an RFC 9535 JSONPath")?;
    let nodes = path.query_located(document);
    let places = nodes.locations().map(|location| format!("#{}", location.to_json_pointer()));
    let mut places: Vec<String> = places.collect();
    places.sort();
    places.dedup();
    Ok(places)
}

/// Fails if a path does not match as many places as expected; names those that are missing.
fn expect(path: &str, places: &[String], expected: usize) -> Result<()> {
    let found = places.len();
    let names = path.strip_suffix("']").and_then(|path| path.rsplit_once("['"));
    let names = names.into_iter().flat_map(|(_, names)| names.split("', '"));
    let missing = names.filter(|name| !places.iter().any(|at| at.ends_with(&child("", name))));
    let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    let plural = if expected == 1 { "" } else { "es" };
    let finds = match found {
        0 => "none".to_owned(),
        few if few < expected && !missing.is_empty() => {
            format!("{few}, without {}", missing.join(", "))
        }
        more if (1..more).contains(&expected) => {
            format!("{more}: {}: if all are meant, change the number", places.join(", "))
        }
        _ => format!("{found}: {}", places.join(", ")),
    };
    ensure!(found == expected, "expected {expected} match{plural}, found {finds}");
    Ok(())
}

/// Removes a value, and fails if it is not what the judgement was about. If the judgement does not
/// have it yet, the error has it, to copy.
fn remove(document: &mut Value, at: &str, removed: Option<&Value>) -> Result<()> {
    let (parent, key) = at.rsplit_once('/').context("the document itself cannot be removed")?;
    let name = key.replace("~1", "/").replace("~0", "~");
    let found = match find_mut(document, parent) {
        // `remove` would move the last field into the gap.
        Some(Value::Object(fields)) => fields.shift_remove(&name).unwrap_or_default(),
        Some(Value::Array(items)) => {
            let index: usize = name.parse()?;
            ensure!(index < items.len(), "{at} is gone");
            items.remove(index)
        }
        _ => bail!("{at} is gone"),
    };
    let removed = removed.with_context(|| {
        format!("expected the value that it removes at {at}: `x-removes: {found}`")
    })?;
    ensure!(found == *removed, "expected to remove {removed} at {at}, found {found}");
    Ok(())
}

/// Merges an update into an object, or adds it to an array.
fn update_at(
    document: &mut Value,
    at: &str,
    update: &Value,
    written: &mut Vec<String>,
) -> Result<()> {
    match (find_mut(document, at), update) {
        (Some(Value::Array(items)), _) => {
            items.push(update.clone());
            written.push(format!("{at}/{}", items.len() - 1));
        }
        (Some(target @ Value::Object(_)), Value::Object(_)) => {
            let mut conflicts = Vec::new();
            merge(target, update, at, written, &mut conflicts);
            ensure!(
                conflicts.is_empty(),
                "{}: the page, or an action before this one, has this now, and an update is never merged into it: remove it by an action before this one, leave it out of this update, or make it the target of an action",
                conflicts.join(", ")
            );
        }
        _ => bail!("expected an object as update of an object, or an array as target"),
    }
    Ok(())
}

/// Adds what is new key by key, and replaces texts. Maps of independent things join. Other values are
/// conflicts, since to merge them would join two facts without a judgement.
fn merge(
    target: &mut Value,
    update: &Value,
    at: &str,
    written: &mut Vec<String>,
    conflicts: &mut Vec<String>,
) {
    let (Value::Object(target), Value::Object(update)) = (target, update) else { return };
    for (key, value) in update {
        let at = child(at, key);
        match target.get_mut(key) {
            Some(old) if old.is_object() && value.is_object() && is_map(&at) => {
                merge(old, value, &at, written, conflicts);
            }
            Some(old) if old.is_object() && value.is_object() => {
                // Later actions find what both wrote, and report only their own faults.
                merge(old, value, &at, written, &mut Vec::new());
                conflicts.push(at);
            }
            old => {
                if old.is_some_and(|old| old.is_object() || old.is_array() || value.is_object()) {
                    conflicts.push(at.clone());
                }
                target.insert(key.clone(), value.clone());
                written.push(at);
            }
        }
    }
}

/// Returns whether a place is a map of independent things, such as `#/components/schemas`.
fn is_map(at: &str) -> bool {
    let depth = at.matches('/').count();
    at == "#/paths" || at == "#/components" || (at.starts_with("#/components/") && depth == 2)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Overlay;

    /// An overlay with the given actions, which are written as a YAML list.
    fn overlay(actions: &str) -> String {
        format!("overlay: 1.0.0\ninfo: {{ title: T, version: '1' }}\nactions:\n{actions}")
    }

    /// An action that expects one place.
    fn action(name: &str, rest: &str) -> String {
        format!("- {{ x-name: {name}, x-expect: 1, description: Why, {rest} }}\n")
    }

    fn apply(actions: &str, document: Value) -> anyhow::Result<Value> {
        Ok(Overlay::parse(&overlay(actions))?.apply(document)?.0)
    }

    fn error(actions: &str, document: Value) -> String {
        format!("{:#}", apply(actions, document).expect_err(actions))
    }

    #[test]
    fn action_changes_every_matched_place() {
        let table = [
            ("target: $.a, update: { b: 2, c: 3 }", r#"{"a":{"b":1}}"#, r#"{"a":{"b":2,"c":3}}"#),
            ("target: $.a, update: { b: 1 }", r#"{"a":[0]}"#, r#"{"a":[0,{"b":1}]}"#),
            (
                "target: \"$.paths['/a', '/b']\", update: { b: 1 }",
                r#"{"paths":{"/a":{}}}"#,
                r#"{"paths":{"/a":{"b":1}}}"#,
            ),
            (
                "target: $.b, remove: true, x-removes: 2",
                r#"{"a":1,"b":2,"c":3}"#,
                r#"{"a":1,"c":3}"#,
            ),
        ];
        for (rest, document, expected) in table {
            let document = serde_json::from_str(document).unwrap();
            let overlay = Overlay::parse(&overlay(&action("N", rest))).unwrap();
            let (found, written) = overlay.apply(document).expect(rest);
            assert_eq!(found.to_string(), expected);
            assert_eq!(written[0].verb == "removes", rest.contains("remove: true"), "{rest}");
        }
    }

    #[test]
    fn action_that_does_not_fit_is_named() {
        let document = json!({ "a": { "x": { "y": 1 }, "l": [1] }, "b": 1 });
        let count = "expected 1 match, found 2: #/a, #/b: if all are meant";
        let now = "#/a: the page, or an action before this one, has this now, and an update is never merged into it: remove it by";
        let rests = "what it rests on has changed, so make it fit, or remove it: `$.b`: expected 0";
        let both = "`$.a.x`: expected 0 matches, found 1: #/a/x; `$.b`: expected 2, found 1";
        let table = [
            ("$.z, update: {}", "action `N` (target `$.z`, \"Why\"): expected 1 match, found none"),
            ("$.*, update: {}", count),
            ("'$.[', update: {}", "expected an RFC 9535"),
            ("$.a", "expected `update`, or `remove: true` with `x-removes`"),
            ("$.b, remove: true", "expected the value that it removes at #/b: `x-removes: 1`"),
            ("$.b, remove: true, x-removes: 2", "expected to remove 2 at #/b, found 1"),
            ("$, update: { a: { x: 1 } }", now),
            ("$.a, update: { x: { z: 1 } }", "#/a/x: the page, or an action before"),
            ("$.a, update: { l: [2], x: 2 }", "#/a/l, #/a/x: the page, or"),
            ("$.b, update: { x: 2 }", "expected an object as update"),
            ("$.a, x-requires: { $.b: 0 }, update: {}", rests),
            ("$.a, x-requires: { $.a.x: 0, $.b: { is: 2 } }, update: {}", both),
        ];
        for (rest, expected) in table {
            let error = error(&action("N", &format!("target: {rest}")), document.clone());
            assert!(error.contains(expected), "{rest}: {error}");
        }
    }

    #[test]
    fn all_actions_that_do_not_fit_are_reported_at_once() {
        let update = |name: &str, target: &str| {
            action(name, &format!("target: {target}, update: {{ n: 1 }}"))
        };
        let actions = update("one", "$.x") + &update("two", "$.a") + &update("three", "$.y");
        let error = error(&actions, json!({ "a": {} }));
        assert!(error.starts_with("2 problems:\n- action `one`"), "{error}");
        assert!(error.contains("\n- action `three`") && !error.contains("`two`"), "{error}");
    }

    #[test]
    fn action_after_one_that_does_not_fit_is_no_problem() {
        let actions = action("N", "target: $.a.x, remove: true, x-removes: 2")
            + &action("M", "target: $.a, update: { x: { y: 1 } }")
            + &action("L", "target: $.a.x, update: { z: 1 }");
        let error = error(&actions, json!({ "a": { "x": { "y": {} } } }));
        assert!(error.starts_with("action `N`") && error.lines().count() == 1, "{error}");
    }

    #[test]
    fn form_of_overlay_is_checked_first() {
        let table = [
            (overlay("  []").replace("1.0.0", "2.0.0"), "expected `overlay: 1.0.0`"),
            ("overlay: 1.0.0\nactions: []".to_owned(), "info"),
            (overlay("- { x-name: N, target: $ }"), "line 4"),
            (overlay(&action("N", "target: $, update: {}").repeat(2)), "found `N` twice"),
        ];
        for (text, expected) in table {
            let error = format!("{:#}", Overlay::parse(&text).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
