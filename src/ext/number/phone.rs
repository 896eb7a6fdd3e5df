//! Phone numbers, compared by their digits. People and systems write them with `+` or `00`, with
//! spaces and dashes, and Brazilian mobile numbers with or without their ninth digit.

use serde_json::{Map, Value};

/// The zero of each script whose digits occur in phone numbers; the other nine digits follow it in
/// Unicode. The scripts are ASCII, Arabic-Indic, Persian, nine scripts of India, Thai and
/// full-width.
const ZEROS: [char; 14] = [
    '0', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}',
    '\u{c66}', '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ff10}',
];

/// The digits of a phone number, beginning with the country code.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    digits: String,
    /// True if no `+` or `00` marks a country code, and the digits have the form of a number
    /// without one.
    pub(crate) may_be_national: bool,
}

impl Phone {
    /// Parses a phone number; `None` if the text has no digit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let signs: String = text.chars().filter_map(sign).collect();
        let signs = signs.replace("(0)", "");
        let mut digits: String = signs.chars().filter(char::is_ascii_digit).collect();
        let is_international = signs.contains('+') || digits.starts_with("00");
        if is_international {
            // No country code begins with 0.
            digits.drain(..digits.len() - digits.trim_start_matches('0').len());
        }
        // No Brazilian area code begins with 0: it is a trunk prefix.
        if digits.starts_with("550") {
            digits.remove(2);
        }
        let may_be_national = !is_international && is_national(&digits);
        (!digits.is_empty()).then_some(Self { digits, may_be_national })
    }

    /// Parses the field `number` of a response. The API has been seen to send it as a JSON number,
    /// which `extra` retains.
    pub(crate) fn of_response(number: Option<&str>, extra: &Map<String, Value>) -> Option<Self> {
        let digits = || Some(extra.get("number")?.as_u64()?.to_string());
        Self::parse(&number.map(str::to_owned).or_else(digits)?)
    }
}

/// Returns the items with this phone number. If there are none, returns those that differ only in the
/// ninth digit of a Brazilian mobile number.
pub(crate) fn matching<T>(
    items: impl Iterator<Item = T> + Clone,
    phone_of: impl Fn(&T) -> Option<Phone>,
    phone: &Phone,
) -> Vec<T> {
    let has = |item: &T, digits: &str| phone_of(item).is_some_and(|phone| phone.digits == digits);
    let same: Vec<_> = items.clone().filter(|item| has(item, &phone.digits)).collect();
    let other = other_spelling(&phone.digits).filter(|_| same.is_empty());
    let Some(other) = other else { return same };
    items.filter(|item| has(item, &other)).collect()
}

/// Returns the ASCII form of a character that counts in a phone number.
fn sign(char: char) -> Option<char> {
    let digit = |zero: &char| char::from_digit(u32::from(char).checked_sub(u32::from(*zero))?, 10);
    match char {
        '+' | '\u{ff0b}' => Some('+'),
        '(' | '\u{ff08}' => Some('('),
        ')' | '\u{ff09}' => Some(')'),
        _ => ZEROS.iter().find_map(digit),
    }
}

/// Returns true for a trunk prefix, a number without its area code, or a Brazilian number with it.
/// A Brazilian number has its area code, then `9` and eight digits, or eight digits of which the
/// first is 2 to 9.
fn is_national(digits: &str) -> bool {
    match digits.as_bytes() {
        [b'0', ..] => true,
        [b'1'..=b'9', b'1'..=b'9', first, rest @ ..] => match rest.len() {
            8 => *first == b'9',
            7 => *first >= b'2',
            more => more < 7,
        },
        short => short.len() < 10,
    }
}

/// Adds the ninth digit to a Brazilian mobile number that lacks it, or removes it from one that has
/// it.
fn other_spelling(digits: &str) -> Option<String> {
    let (area, subscriber) = digits.split_at_checked(4).filter(|_| digits.starts_with("55"))?;
    match subscriber.as_bytes() {
        // Landline numbers begin with 2 to 5.
        [b'9', b'6'..=b'9', rest @ ..] if rest.len() == 7 => {
            Some(area.to_owned() + &subscriber[1..])
        }
        [b'6'..=b'9', rest @ ..] if rest.len() == 7 => Some(area.to_owned() + "9" + subscriber),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the digits, whether the country code may be missing, and the other spelling.
    fn parsed(text: &str) -> Option<(String, bool, Option<String>)> {
        let Phone { digits, may_be_national } = Phone::parse(text)?;
        let other = other_spelling(&digits);
        Some((digits, may_be_national, other))
    }

    #[test]
    fn digits_are_read_in_every_spelling() {
        let spellings = [
            "5511999999999",
            "+55 11 99999-9999",
            "tel:+55-11-9.9999.9999",
            "00 (55) 11 99999-9999",
            "+0055 11 99999 9999",
            "+55 (0)11 99999-9999",
            "0055 (0)11 99999-9999",
            "+55 011 99999-9999",
            "+55 (0xx11) 99999-9999",
            "\u{ff0b}\u{ff15}\u{ff15} \u{ff08}\u{ff10}\u{ff09}\u{ff11}\u{ff11} \u{ff19}\u{ff19}\u{ff19}\u{ff19}\u{ff19}-9999",
            "\u{665}\u{665}\u{661}\u{661}\u{669}\u{669}\u{669}\u{669}\u{669}9999",
            "\u{96b}\u{96b}\u{967}\u{967}999999999",
        ];
        for text in spellings {
            let (digits, may_be_national, _) = parsed(text).unwrap();
            assert_eq!((digits.as_str(), may_be_national), ("5511999999999", false), "{text}");
        }
        for text in ["", "+", "no digits", "(0)", "00", "\u{b2}"] {
            assert!(parsed(text).is_none(), "{text}");
        }
    }

    #[test]
    fn missing_country_code_is_detected() {
        let cases = [
            ("11 90000-0002", true),
            ("011 90000-0002", true),
            ("11 4002-8922", true),
            ("99999-9999", true),
            ("0800 123 4567", true),
            // 55 is an area code here: no number has 9 digits after the country code 55.
            ("55 99999-9999", true),
            ("+11 90000-0002", false),
            ("0011 90000-0002", false),
            ("5511900000002", false),
            ("551140028922", false),
            // Numbers of other countries.
            ("1 212 555 0123", false),
            ("+351 912 345 678", false),
            ("+1", false),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text).unwrap().1, expected, "{text}");
        }
    }

    #[test]
    fn ninth_digit_is_optional_only_in_mobile_numbers() {
        let cases = [
            ("5511999999999", Some("551199999999")),
            ("551199999999", Some("5511999999999")),
            ("551166666666", Some("5511966666666")),
            ("551140028922", None),
            ("5511899999999", None),
            ("55119999999999", None),
            ("55119999999", None),
            ("351912345678", None),
            ("11999999999", None),
            ("55", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text).unwrap().2.as_deref(), expected, "{text}");
        }
    }
}
