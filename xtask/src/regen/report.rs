//! The report of a run: the differences of the pages, of `openapi.json` and of the Rust interface
//! since the last commit, and the release that they call for.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::diff::Change;
use super::overlay::Written;
use super::pointer::child;
use super::sources::RECORD;
use super::verdict::Effect;

/// The longest that a value is shown.
const SHOWN: usize = 200;
/// The part before a difference that is shown, if the whole is too long.
const BEFORE: usize = 40;

#[derive(Default, Serialize)]
pub(crate) struct Report {
    pub(crate) notes: Vec<String>,
    /// The differences of the documents of the pages.
    pub(crate) page: Vec<Change>,
    /// Those of the text around them.
    pub(crate) text: Vec<Change>,
    /// The actions that keep differences of the pages out of `openapi.json`, by the place.
    hidden: BTreeMap<String, String>,
    document: Vec<Change>,
    breaking: Vec<Change>,
    compatible: Vec<Change>,
    step: Option<Step>,
    pub(crate) written: Vec<String>,
}

#[derive(Serialize)]
struct Step {
    effect: Effect,
    kind: &'static str,
    from: String,
    to: String,
}

impl Report {
    /// Adds the differences of the pages that the overlay keeps out of `openapi.json`.
    pub(crate) fn add_hidden(&mut self, written: &[Written]) {
        let places = self.page.iter().map(|change| &change.at);
        self.hidden.extend(places.filter_map(|place| {
            let Written { action, verb, .. } = written.iter().find(|w| w.covers(place))?;
            Some((place.clone(), format!("action `{action}` {verb} this place")))
        }));
    }

    /// Adds what differs in `openapi.json` and for users since a version.
    pub(crate) fn add_document(
        &mut self,
        mut document: Vec<Change>,
        (effect, interface): (Effect, Vec<Change>),
        version: &str,
    ) {
        let record = child("#", RECORD);
        document.retain(|change| !change.at.starts_with(&record));
        self.document = document;
        (self.breaking, self.compatible) =
            interface.into_iter().partition(|change| change.from.is_some());
        self.step = Some(step(effect, version));
    }

    /// The differences, for people, as Markdown.
    pub(crate) fn differences(&self) -> String {
        let json = |change: &Change| line(change, Value::to_string);
        let rust =
            |change: &Change| line(change, |item| item.as_str().unwrap_or_default().to_owned());
        let page = |change: &Change| {
            let hidden = self.hidden.get(&change.at);
            let why = hidden.map(|action| format!(" (does not reach openapi.json: {action})"));
            json(change) + &why.unwrap_or_default()
        };
        let is_deprecation = |change: &&Change| {
            change.at.ends_with("/deprecated") && !change.at.ends_with("/properties/deprecated")
        };
        let deprecated = self.document.iter().filter(is_deprecation);
        part("The page", &self.page, page)
            + &part("The text of the page", &self.text, json)
            + &part("openapi.json", &self.document, json)
            + &part("The Rust interface, breaking", &self.breaking, rust)
            + &part("The Rust interface, compatible", &self.compatible, rust)
            + &part("Deprecation, of which no compiler warns", deprecated, json)
    }

    /// The differences and the step of the version, for people, as Markdown.
    pub(crate) fn to_text(&self) -> String {
        let differences = self.differences();
        let Some(Step { effect, kind, from, to }) = &self.step else {
            return differences + "No change.\n";
        };
        format!("{differences}{}: {kind} step, {from} to {to}.\n", effect.name())
    }
}

fn part<'a>(
    title: &str,
    changes: impl IntoIterator<Item = &'a Change>,
    line: impl Fn(&Change) -> String,
) -> String {
    let lines: Vec<String> = changes.into_iter().map(line).collect();
    if lines.is_empty() { String::new() } else { format!("{title}:\n- {}\n", lines.join("\n- ")) }
}

fn line(Change { at, from, to }: &Change, show: impl Fn(&Value) -> String) -> String {
    match (from.as_ref().map(&show), to.as_ref().map(&show)) {
        (Some(from), Some(to)) => {
            let start = start(&from, &to);
            format!("`{at}`: {} → {}", shown(&from, start), shown(&to, start))
        }
        (Some(gone), None) => format!("`{at}`: no longer {}", shown(&gone, 0)),
        (None, Some(new)) => format!("`{at}`: new, {}", shown(&new, 0)),
        (None, None) => format!("`{at}`: the same item, with other code behind it"),
    }
}

/// Returns the character from which two texts are shown, so that their first difference is.
fn start(one: &str, other: &str) -> usize {
    let is_short = |text: &str| text.chars().nth(SHOWN).is_none();
    if is_short(one) && is_short(other) {
        return 0;
    }
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    same.saturating_sub(BEFORE)
}

fn shown(text: &str, start: usize) -> String {
    let part: String = text.chars().skip(start).take(SHOWN).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if text.chars().count() > start + SHOWN { "…" } else { "" };
    format!("`{before}{}{after}`", part.replace('`', "'"))
}

/// Returns the step to the next version. Before 1.0, Cargo takes each part for the one above it.
fn step(effect: Effect, version: &str) -> Step {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0_u64));
    let [major, minor, patch] = [(); 3].map(|()| parts.next().unwrap_or(0));
    let (kind, [major, minor, patch]) = match (effect, major) {
        (Effect::Words, _) | (Effect::Compatible, 0) => ("patch", [major, minor, patch + 1]),
        (Effect::Compatible, _) | (Effect::Breaking, 0) => ("minor", [major, minor + 1, 0]),
        (Effect::Breaking, _) => ("major", [major + 1, 0, 0]),
    };
    Step { effect, kind, from: version.to_owned(), to: format!("{major}.{minor}.{patch}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Report;
    use crate::regen::{diff::diff, verdict::Effect};

    #[test]
    fn long_values_are_shown_from_their_first_difference() {
        let text = |end: &str| json!("a".repeat(300) + end + &"z".repeat(300));
        let report = Report { page: diff(&text("b"), &text("c")), ..Report::default() };
        let shown = |end: &str| format!("`…{}{end}{}…`", "a".repeat(40), "z".repeat(159));
        let expected = format!("The page:\n- `#`: {} → {}\n", shown("b"), shown("c"));
        assert_eq!(report.differences(), expected);
    }

    #[test]
    fn step_follows_from_the_effect() {
        for (effect, version, expected) in [
            (Effect::Words, "0.1.2", "Words only (no code differs): patch step, 0.1.2 to 0.1.3.\n"),
            (Effect::Words, "1.2.3", "Words only (no code differs): patch step, 1.2.3 to 1.2.4.\n"),
            (Effect::Compatible, "0.1.2", "Compatible: patch step, 0.1.2 to 0.1.3.\n"),
            (Effect::Compatible, "1.2.3", "Compatible: minor step, 1.2.3 to 1.3.0.\n"),
            (Effect::Breaking, "0.1.2", "Breaking: minor step, 0.1.2 to 0.2.0.\n"),
            (Effect::Breaking, "1.2.3", "Breaking: major step, 1.2.3 to 2.0.0.\n"),
        ] {
            let mut report = Report::default();
            report.add_document(Vec::new(), (effect, Vec::new()), version);
            assert_eq!(report.to_text(), expected);
        }
        assert_eq!(Report::default().to_text(), "No change.\n");
    }
}
