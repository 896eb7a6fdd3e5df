//! The report of a run: the differences of the pages, of `openapi.json` and of the Rust interface
//! since the last commit, and the release that they call for.

use std::fmt::Write;

use serde_json::{Value, json};

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
    /// The documents of the pages.
    page: Vec<Line>,
    /// The text around them.
    text: Vec<Line>,
    document: Vec<Line>,
    interface: Vec<Line>,
    effect: Option<Effect>,
}

/// A difference.
struct Line {
    change: Change,
    /// The action of the overlay that keeps it out of `openapi.json`.
    hidden_by: Option<String>,
    /// The effect of a difference of the Rust interface.
    effect: Option<Effect>,
}

impl Line {
    fn new(change: Change) -> Self {
        Self { change, hidden_by: None, effect: None }
    }
}

impl Report {
    /// Adds what the pages document otherwise than before.
    pub(crate) fn add_pages(&mut self, (document, text): (Vec<Change>, Vec<Change>)) {
        self.page = document.into_iter().map(Line::new).collect();
        self.text = text.into_iter().map(Line::new).collect();
    }

    /// Adds which differences of the pages the overlay hides.
    pub(crate) fn add_hidden(&mut self, written: &[Written]) {
        for line in &mut self.page {
            let hidden_by = written.iter().find(|written| written.covers(&line.change.at));
            line.hidden_by = hidden_by.map(|written| written.action.clone());
        }
    }

    /// Adds what differs in `openapi.json` and for users.
    pub(crate) fn add_document(
        &mut self,
        document: Vec<Change>,
        (effect, interface): (Effect, Vec<(Effect, Change)>),
    ) {
        let provenance = child("#", provenance::FIELD);
        let document = document.into_iter().filter(|change| !change.at.starts_with(&provenance));
        self.document = document.map(Line::new).collect();
        let line = |(effect, change)| Line { effect: Some(effect), ..Line::new(change) };
        self.interface = interface.into_iter().map(line).collect();
        self.effect = Some(effect);
    }

    /// Returns whether there is nothing to report.
    pub(crate) fn is_empty(&self) -> bool {
        self.effect.is_none() && self.page.is_empty() && self.text.is_empty()
    }

    /// The differences, for people, as Markdown.
    pub(crate) fn differences(&self) -> String {
        let mut text = part("The page", &self.page)
            + &part("The text of the page", &self.text)
            + &part("openapi.json", &self.document);
        for effect in [Effect::Breaking, Effect::Compatible] {
            let lines = self.interface.iter().filter(|line| line.effect == Some(effect));
            text += &part(&format!("The Rust interface, {}", effect.name()), lines);
        }
        text
    }

    /// The differences and the step of the version, for people, as Markdown.
    pub(crate) fn to_text(&self, version: &str) -> String {
        let Some(effect) = self.effect else { return self.differences() + "No change.\n" };
        let (step, next) = step(self.effect, version);
        let name = effect.name();
        let capital = name[..1].to_uppercase() + &name[1..];
        format!("{}{capital}: {step} step, {version} to {next}.\n", self.differences())
    }

    /// Returns the report as JSON, for machines.
    pub(crate) fn to_json(&self, version: &str) -> Value {
        let lines = |lines: &[Line]| -> Value { lines.iter().map(Line::to_json).collect() };
        let (step, next) = step(self.effect, version);
        json!({
            "verdict": self.effect.map_or("none", Effect::name),
            "step": step,
            "version": version,
            "next": next,
            "page": lines(&self.page),
            "text": lines(&self.text),
            "document": lines(&self.document),
            "interface": lines(&self.interface),
        })
    }
}

fn part<'a>(title: &str, lines: impl IntoIterator<Item = &'a Line>) -> String {
    let lines: String = lines.into_iter().map(Line::to_text).collect();
    if lines.is_empty() { lines } else { format!("{title}:\n{lines}") }
}

impl Line {
    fn to_text(&self) -> String {
        let Change { at, from, to } = &self.change;
        let mut text = format!("- `{at}`: ");
        // Rust is shown without the quotes of JSON.
        let plain = |value: &Value| match (self.effect, value) {
            (Some(_), Value::String(item)) => item.clone(),
            _ => value.to_string(),
        };
        let _ = match (from.as_ref().map(plain), to.as_ref().map(plain)) {
            (Some(from), Some(to)) => {
                let start = start(&from, &to);
                write!(text, "{} → {}", shown(&from, start), shown(&to, start))
            }
            (Some(gone), None) => write!(text, "no longer {}", shown(&gone, 0)),
            (None, new) => write!(text, "new, {}", shown(&new.unwrap_or_default(), 0)),
        };
        if let Some(action) = &self.hidden_by {
            text += &format!(" (does not reach openapi.json: action `{action}` writes this place)");
        }
        text + "\n"
    }

    fn to_json(&self) -> Value {
        let Self { change: Change { at, from, to }, effect, hidden_by } = self;
        json!({ "at": at, "from": from, "to": to, "effect": effect.map(Effect::name), "hidden_by": hidden_by })
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

/// Returns the step of the version, and the next one. Before 1.0, Cargo takes each part for the one
/// above it.
fn step(effect: Option<Effect>, version: &str) -> (&'static str, String) {
    let parts: Vec<u64> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    let [major, minor, patch] = parts[..] else { return ("unknown", version.to_owned()) };
    match (effect, major) {
        (None, _) => ("none", version.to_owned()),
        (Some(Effect::Words), _) | (Some(Effect::Compatible), 0) => {
            ("patch", format!("{major}.{minor}.{}", patch + 1))
        }
        (Some(Effect::Compatible), _) | (Some(Effect::Breaking), 0) => {
            ("minor", format!("{major}.{}.0", minor + 1))
        }
        (Some(Effect::Breaking), _) => ("major", format!("{}.0.0", major + 1)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Report;
    use crate::regen::{diff::diff, overlay::Written, verdict::Effect};

    #[test]
    fn report_lists_each_part_and_what_hides_a_difference() {
        let change = |from: Value, to: Value| diff(&from, &to);
        let mut report = Report::default();
        let page = change(json!({ "a": 1, "info": { "b": 1 } }), json!({ "info": {} }));
        report.add_pages((page, change(json!(["old"]), json!([]))));
        let at = vec!["#/info".to_owned()];
        report.add_hidden(&[Written { action: "prose".to_owned(), at }]);
        assert_eq!(report.to_json("0.1.2")["verdict"], "none");
        let document = change(json!({ "x-provenance": 1, "a": 1 }), json!({ "x-provenance": 2 }));
        let items = change(json!({ "x": "bool" }), json!({})).remove(0);
        report.add_document(document, (Effect::Breaking, vec![(Effect::Breaking, items)]));
        let expected = "The page:
- `#/a`: no longer `1`
- `#/info/b`: no longer `1` (does not reach openapi.json: action `prose` writes this place)
The text of the page:
- `#/0`: no longer `\"old\"`
openapi.json:
- `#/a`: no longer `1`
The Rust interface, breaking:
- `#/x`: no longer `bool`
Breaking: minor step, 0.1.2 to 0.2.0.
";
        assert_eq!(report.to_text("0.1.2"), expected);
    }

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
            (Effect::Words, "words only", "patch", "1.2.4", "0.1.3"),
            (Effect::Compatible, "compatible", "minor", "1.3.0", "0.1.3"),
            (Effect::Breaking, "breaking", "major", "2.0.0", "0.2.0"),
        ];
        for (effect, verdict, step, next, before_one) in table {
            let mut report = Report::default();
            report.add_document(Vec::new(), (effect, Vec::new()));
            let json = report.to_json("1.2.3");
            assert_eq!(
                (&json["verdict"], &json["step"], &json["next"]),
                (&json!(verdict), &json!(step), &json!(next))
            );
            assert_eq!(report.to_json("0.1.2")["next"], before_one);
        }
        assert_eq!(Report::default().to_text("1.2.3"), "No change.\n");
    }
}
