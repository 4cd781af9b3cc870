//! A line of a configuration file: keyword, arguments, and the text behind the keyword for options that take a command.

/// White space between words.
const BLANKS: &[char] = &[' ', '\t', '\r', '\n'];

/// A line that says something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// In lower case.
    pub(super) keyword: String,
    /// The words behind it: quotes and escapes taken away, up to a comment.
    pub(super) words: Vec<String>,
    /// Everything behind it, as it stands.
    pub(super) rest: String,
}

/// Reads a line. None: it is blank or a comment. An error is what is wrong with it.
pub(super) fn read(text: &str) -> Result<Option<Line>, String> {
    let text = text.trim_end_matches([' ', '\t', '\r', '\n', '\x0c']).trim_start_matches(BLANKS);
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (keyword, rest) = split_keyword(text).ok_or("a quotation mark is missing")?;
    let keyword = keyword.to_ascii_lowercase();
    let rest = rest.trim_start_matches(BLANKS);
    if keyword.is_empty() {
        return Err("no keyword at the start of the line".into());
    }
    if rest.is_empty() {
        return Err(format!("{keyword}: the value is missing"));
    }
    let words = split_words(rest).ok_or_else(|| format!("{keyword}: a quotation mark is missing"))?;
    Ok(Some(Line { keyword, words, rest: rest.to_owned() }))
}

/// The keyword ends at white space or one `=` with white space around it; it may stand in double quotes.
fn split_keyword(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c| BLANKS.contains(&c) || c == '=' || c == '"').unwrap_or(text.len());
    let (head, tail) = text.split_at_checked(end)?;
    if let Some(quoted) = tail.strip_prefix('"') {
        let (inside, behind) = quoted.split_once('"')?;
        return Some((format!("{head}{inside}"), behind));
    }
    let tail = tail.trim_start_matches(BLANKS);
    Some((head.to_owned(), tail.strip_prefix('=').unwrap_or(tail)))
}

/// Splits into words at spaces and tabs, as a shell does but without its other powers: single and double quotes hold
/// a word together, `\` takes the meaning from a quote, a `\` and, outside quotes, a space. A `#` at the start of a
/// word ends the line. None: a quotation mark has no second.
pub(super) fn split_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        match first {
            ' ' | '\t' => drop(chars.next()),
            '#' => break,
            _ => words.push(take_word(&mut chars)?),
        }
    }
    Some(words)
}

fn take_word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let (mut word, mut quote) = (String::new(), None);
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => {
                let escaped =
                    chars.next_if(|&next| matches!(next, '\'' | '"' | '\\') || (next == ' ' && quote.is_none()));
                word.push(escaped.unwrap_or('\\'));
            }
            (' ' | '\t', None) => return Some(word),
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if open == c => quote = None,
            _ => word.push(c),
        }
    }
    quote.is_none().then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Vec<String>> {
        split_words(text)
    }

    #[test]
    fn keywords() {
        for text in ["Port 22", "port=22", " \tPort = 22 \r\n", "\"Port\" 22", "PORT  =22", "Po\"rt\" 22"] {
            let line = read(text).unwrap().unwrap();
            assert_eq!((line.keyword.as_str(), line.words), ("port", vec!["22".to_owned()]), "{text}");
        }
        assert_eq!(read("  # Port 22"), Ok(None));
        assert_eq!(read(" \t "), Ok(None));
        assert!(read("Port").unwrap_err().contains("value is missing"));
        assert!(read("Port=").unwrap_err().contains("value is missing"));
        assert!(read("\"Port 22").unwrap_err().contains("quotation mark"));
    }

    #[test]
    fn the_rest_is_kept_for_commands() {
        let line = read("ProxyCommand=nc \"a b\" # not a comment").unwrap().unwrap();
        assert_eq!(line.rest, "nc \"a b\" # not a comment");
        assert_eq!(line.words, ["nc", "a b"]);
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(words("a 'b c' \"d e\"f").unwrap(), ["a", "b c", "d ef"]);
        assert_eq!(words("a\\ b \\\"c \"d\\\"e\" 'f\\ g'").unwrap(), ["a b", "\"c", "d\"e", "f\\ g"]);
        assert_eq!(words("a#b # c").unwrap(), ["a#b"]);
        assert_eq!(words("\\n \"\"").unwrap(), ["\\n", ""]);
        assert_eq!(words("\"a"), None);
        assert_eq!(words("a\\").unwrap(), ["a\\"]);
    }
}
