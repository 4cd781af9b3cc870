//! Paths with wildcards, as Include takes them: `*`, `?`, `[...]`, `\`. A name that begins with a dot is only found by
//! a pattern that does.

use super::world::World;

/// Most paths that one pattern finds.
const MAX_PATHS: usize = 4096;

/// The paths that fit, sorted. Without wildcards that is the path itself, where there is such a file.
pub(super) fn paths(pattern: &str, world: &dyn World) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in pattern.split('/').skip(1) {
        let mut next = Vec::new();
        for folder in &found {
            if has_wildcard(part) {
                let shown = if folder.is_empty() { "/" } else { folder };
                // A folder that cannot be read holds nothing for us.
                let names = world.list(shown).unwrap_or_default();
                let fits = |name: &String| (!name.starts_with('.') || part.starts_with('.')) && fits(name, part);
                next.extend(names.into_iter().filter(fits).map(|name| format!("{folder}/{name}")));
            } else {
                next.push(format!("{folder}/{}", unescaped(part)));
            }
            if next.len() > MAX_PATHS {
                break;
            }
        }
        next.truncate(MAX_PATHS);
        found = next;
    }
    found.retain(|path| world.exists(path));
    found.sort_unstable();
    found
}

fn has_wildcard(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

fn unescaped(part: &str) -> String {
    let (mut out, mut chars) = (String::new(), part.chars());
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

/// One element of a pattern.
enum Item {
    Any,
    One,
    Char(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Item {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Char(own) => *own == c,
            Self::Set { negated, ranges } => ranges.iter().any(|&(from, to)| (from..=to).contains(&c)) != *negated,
        }
    }
}

fn items(part: &str) -> Vec<Item> {
    let (mut out, mut rest) = (Vec::new(), part.chars());
    while let Some(c) = rest.next() {
        out.push(match c {
            '*' => Item::Any,
            '?' => Item::One,
            '\\' => Item::Char(rest.next().unwrap_or('\\')),
            '[' => match set(rest.clone()) {
                Some((item, behind)) => {
                    rest = behind;
                    item
                }
                None => Item::Char('['),
            },
            c => Item::Char(c),
        });
    }
    out
}

/// "a-z]", "!x]", "]x]": what stands behind the bracket.
fn set(mut rest: std::str::Chars<'_>) -> Option<(Item, std::str::Chars<'_>)> {
    let negated = rest.clone().next().is_some_and(|c| matches!(c, '!' | '^'));
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    loop {
        let from = match rest.next()? {
            ']' if !ranges.is_empty() => return Some((Item::Set { negated, ranges }, rest)),
            '\\' => rest.next()?,
            c => c,
        };
        let mut ahead = rest.clone();
        let to = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != ']' => {
                rest = ahead;
                to
            }
            _ => from,
        };
        ranges.push((from, to));
    }
}

fn fits(name: &str, part: &str) -> bool {
    let (items, name): (Vec<Item>, Vec<char>) = (items(part), name.chars().collect());
    let (mut at, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (name.get(at), items.get(p)) {
            (_, Some(Item::Any)) => {
                p += 1;
                retry = Some((at, p));
            }
            (Some(&c), Some(item)) if item.takes(c) => (at, p) = (at + 1, p + 1),
            (None, None) => return true,
            _ => match retry {
                Some((from, after)) if from < name.len() => {
                    (at, p) = (from + 1, after);
                    retry = Some((from + 1, after));
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, part, want) in [
            ("a.conf", "*.conf", true),
            ("a.conf", "[a-c].conf", true),
            ("d.conf", "[a-c].conf", false),
            ("d.conf", "[!a-c].conf", true),
            ("]", "[]x]", true),
            ("-", "[a-]", true),
            ("a*", "a\\*", true),
            ("ab", "a\\*", false),
            ("[x", "[x", true),
        ] {
            assert_eq!(fits(name, part), want, "{name} {part}");
        }
    }
}
