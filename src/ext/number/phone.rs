//! Whether two texts name one phone number. People and systems write it with `+`, spaces and
//! dashes, and Brazilian mobile numbers with or without their ninth digit.

/// A phone number to be looked for.
pub(super) struct Phone(String);

impl Phone {
    /// `None` if the text has no digit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        (!digits.is_empty()).then(|| Self(without_ninth_digit(digits)))
    }

    pub(super) fn is(&self, text: &str) -> bool {
        Self::parse(text).is_some_and(|other| other.0 == self.0)
    }
}

/// `55`, two digits of the area, `9` and eight digits are the same number as without the `9`.
fn without_ninth_digit(mut digits: String) -> String {
    if digits.len() == 13 && digits.starts_with("55") && digits[4..].starts_with('9') {
        digits.remove(4);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_many_spellings() {
        let cases = [
            ("+55 11 99999-9999", "5511999999999", true),
            ("(55) 11 9.9999.9999", "+5511999999999", true),
            ("551199999999", "5511999999999", true),
            ("5511999999999", "551199999999", true),
            ("551188888888", "5511988888888", true),
            ("5511999999998", "5511999999999", false),
            // Only the ninth digit of a Brazilian number may be left out.
            ("5511899999999", "551199999999", false),
            ("351912345678", "35112345678", false),
            ("11999999999", "5511999999999", false),
            ("1", "1", true),
            ("1", "", false),
        ];
        for (phone, text, expected) in cases {
            assert_eq!(Phone::parse(phone).unwrap().is(text), expected, "{phone}, {text}");
        }
        for text in ["", "+", "no digits", "\u{663}"] {
            assert!(Phone::parse(text).is_none(), "{text}");
        }
    }
}
