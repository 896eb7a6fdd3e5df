//! The report of a run: the differences of the pages, of `openapi.json` and of the Rust interface
//! since the last commit, and the release that they call for.

use serde_json::Value;

use super::diff::Change;
use super::overlay::Written;
use super::pointer::child;
use super::provenance;
use super::verdict::Effect;

/// The longest that a value is shown.
const SHOWN: usize = 200;
/// The part before a difference that is shown, if the whole is too long.
const BEFORE: usize = 40;

#[derive(Default)]
pub(crate) struct Report {
    /// Notes for a maintainer that stop nothing.
    pub(crate) notes: Vec<String>,
    /// The differences of the documents of the pages.
    page: Vec<Change>,
    /// Those of the text around them.
    text: Vec<Change>,
    document: Vec<Change>,
    interface: Vec<(Effect, Change)>,
    effect: Option<Effect>,
    /// The places of the pages that the overlay keeps out of `openapi.json`.
    written: Vec<Written>,
}

impl Report {
    /// Adds what the pages document otherwise than before.
    pub(crate) fn add_pages(&mut self, (document, text): (Vec<Change>, Vec<Change>)) {
        (self.page, self.text) = (document, text);
    }

    /// Adds the places that the overlay wrote.
    pub(crate) fn add_hidden(&mut self, written: Vec<Written>) {
        self.written = written;
    }

    /// Adds what differs in `openapi.json` and for users.
    pub(crate) fn add_document(
        &mut self,
        mut document: Vec<Change>,
        (effect, interface): (Effect, Vec<(Effect, Change)>),
    ) {
        let provenance = child("#", provenance::FIELD);
        document.retain(|change| !change.at.starts_with(&provenance));
        (self.document, self.interface, self.effect) = (document, interface, Some(effect));
    }

    /// The differences, for people, as Markdown.
    pub(crate) fn differences(&self) -> String {
        let line = |change| line(change, Value::to_string);
        let page = self.page.iter().map(|change| line(change) + &self.hidden_by(&change.at));
        let mut text = part("The page", page)
            + &part("The text of the page", self.text.iter().map(line))
            + &part("openapi.json", self.document.iter().map(line));
        for effect in [Effect::Breaking, Effect::Compatible] {
            let changes = self.interface.iter().filter(|(of, _)| *of == effect);
            let lines = changes.map(|(_, change)| self::line(change, plain));
            text += &part(&format!("The Rust interface, {}", effect.name()), lines);
        }
        let is_deprecation = |change: &&Change| {
            change.at.ends_with("/deprecated") && !change.at.ends_with("/properties/deprecated")
        };
        let deprecated = self.document.iter().filter(is_deprecation);
        text + &part("Deprecation, of which no compiler warns", deprecated.map(line))
    }

    /// The differences and the step of the version, for people, as Markdown.
    pub(crate) fn to_text(&self, version: &str) -> String {
        let Some(effect) = self.effect else { return self.differences() + "No change.\n" };
        let (step, next) = step(effect, version);
        let name = effect.name();
        let capital = name[..1].to_uppercase() + &name[1..];
        format!("{}{capital}: {step} step, {version} to {next}.\n", self.differences())
    }

    /// Names the action that keeps a difference of the pages out of `openapi.json`.
    fn hidden_by(&self, place: &str) -> String {
        let hidden_by = self.written.iter().find(|written| written.covers(place));
        hidden_by.map_or_else(String::new, |Written { action, verb, .. }| {
            format!(" (does not reach openapi.json: action `{action}` {verb} this place)")
        })
    }
}

fn part(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { String::new() } else { format!("{title}:\n- {}\n", lines.join("\n- ")) }
}

fn line(Change { at, from, to }: &Change, show: impl Fn(&Value) -> String) -> String {
    match (from.as_ref().map(&show), to.as_ref().map(&show)) {
        (Some(from), Some(to)) => {
            let start = start(&from, &to);
            format!("`{at}`: {} → {}", shown(&from, start), shown(&to, start))
        }
        (Some(gone), None) => format!("`{at}`: no longer {}", shown(&gone, 0)),
        (None, new) => format!("`{at}`: new, {}", shown(&new.unwrap_or_default(), 0)),
    }
}

/// Returns Rust without the quotes of JSON.
fn plain(item: &Value) -> String {
    item.as_str().unwrap_or_default().to_owned()
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

/// Returns the step of the version, and the next one. Before 1.0, Cargo takes each part for the one
/// above it.
fn step(effect: Effect, version: &str) -> (&'static str, String) {
    let parts: Vec<u64> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    let [major, minor, patch] = parts[..] else { return ("unknown", version.to_owned()) };
    match (effect, major) {
        (Effect::Words, _) | (Effect::Compatible, 0) => {
            ("patch", format!("{major}.{minor}.{}", patch + 1))
        }
        (Effect::Compatible, _) | (Effect::Breaking, 0) => {
            ("minor", format!("{major}.{}.0", minor + 1))
        }
        (Effect::Breaking, _) => ("major", format!("{}.0.0", major + 1)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Report;
    use crate::regen::{diff::diff, verdict::Effect};

    #[test]
    fn long_values_are_shown_from_their_first_difference() {
        let text = |end: &str| json!("a".repeat(300) + end + &"z".repeat(300));
        let mut report = Report::default();
        report.add_pages((diff(&text("b"), &text("c")), Vec::new()));
        let differences = report.differences();
        let shown = |end: &str| format!("`…{}{end}{}…`", "a".repeat(40), "z".repeat(159));
        let expected = format!("The page:\n- `#`: {} → {}\n", shown("b"), shown("c"));
        assert_eq!(differences, expected);
    }

    #[test]
    fn step_follows_from_the_effect() {
        let table = [
            (Effect::Words, "Words only: patch step, 1.2.3 to 1.2.4.\n", " to 0.1.3.\n"),
            (Effect::Compatible, "Compatible: minor step, 1.2.3 to 1.3.0.\n", " to 0.1.3.\n"),
            (Effect::Breaking, "Breaking: major step, 1.2.3 to 2.0.0.\n", " to 0.2.0.\n"),
        ];
        for (effect, expected, before_one) in table {
            let mut report = Report::default();
            report.add_document(Vec::new(), (effect, Vec::new()));
            assert_eq!(report.to_text("1.2.3"), expected);
            assert!(report.to_text("0.1.2").ends_with(before_one));
        }
        assert_eq!(Report::default().to_text("1.2.3"), "No change.\n");
    }
}
