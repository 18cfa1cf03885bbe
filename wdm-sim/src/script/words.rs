//! The words of a script's line.

/// A word: what stands between blanks, or between quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The text, without the quotes.
    pub(super) text: String,
    /// Whether it stood in quotes, and so is text whatever it says.
    pub(super) quoted: bool,
}

impl Word {
    /// Whether this is a word of the language.
    pub(super) fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.text == keyword
    }

    /// The variable's name, if this is `$name`.
    pub(super) fn variable(&self) -> Option<&str> {
        let name = self.text.strip_prefix('$')?;
        (!self.quoted && is_name(name)).then_some(name)
    }
}

/// Whether a variable can be called this.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Splits a line. A `#` where a word could begin makes the rest a comment. Quotes hold blanks and
/// `#`, and `""` in them is a quote; a backslash is a backslash.
pub(super) fn split(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, behind) = match rest.strip_prefix('"') {
            Some(inner) => quoted(inner)?,
            None => plain(rest)?,
        };
        words.push(word);
        rest = behind.trim_start();
    }
    Ok(words)
}

fn plain(text: &str) -> Result<(Word, &str), String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.contains('"') {
        return Err(format!(
            "a quote in the middle of {word}; put the whole word in quotes, and \"\" for a quote in it"
        ));
    }
    let word = Word {
        text: word.to_owned(),
        quoted: false,
    };
    Ok((word, rest))
}

fn quoted(text: &str) -> Result<(Word, &str), String> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let Some((part, behind)) = rest.split_once('"') else {
            return Err(format!(
                "the quote before {text} is not closed; end the text with \""
            ));
        };
        word.push_str(part);
        match behind.strip_prefix('"') {
            Some(more) => {
                word.push('"');
                rest = more;
            }
            None if behind.is_empty() || behind.starts_with(char::is_whitespace) => {
                let word = Word {
                    text: word,
                    quoted: true,
                };
                return Ok((word, behind));
            }
            None => {
                return Err(format!("no blank after the quoted {word}; put one there"));
            }
        }
    }
}

/// How a text is written so that it is one word again.
pub(super) fn quote(text: &str) -> String {
    let doubled = text.replace('"', "\"\"");
    let escaped: String = doubled.chars().flat_map(visible).collect();
    format!("\"{escaped}\"")
}

/// An answer is one line, whatever a name holds.
fn visible(c: char) -> Vec<char> {
    match c.is_control() {
        true => c.escape_default().collect(),
        false => vec![c],
    }
}

#[cfg(test)]
mod tests {
    use super::{quote, split};

    fn texts(line: &str) -> Vec<String> {
        let words = split(line).expect("the line is well formed");
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn blanks_quotes_and_comments() {
        assert_eq!(texts("  a\t b # c"), ["a", "b"]);
        assert_eq!(
            texts(r##"set "a # b" "say ""x""" a#b"##),
            ["set", "a # b", "say \"x\"", "a#b"]
        );
        assert_eq!(texts(r#""\a\" """#), ["\\a\\", ""]);
        assert!(texts("# all").is_empty());
        for bad in ["\"open", "a\"b\"", "\"a\"b"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_quoted_is_one_word_again() {
        for text in ["", "a b", "say \"x\"", "# no comment"] {
            assert_eq!(texts(&quote(text)), [text]);
        }
        assert_eq!(quote("a\nb"), "\"a\\nb\"");
    }
}
