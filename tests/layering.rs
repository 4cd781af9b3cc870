//! The house rules a compiler does not check: modules import only downward, files stay short, and `unsafe` stays where
//! ARCHITECTURE.md says it may be.
#![allow(clippy::disallowed_methods, reason = "a test may read files and the like")]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first; src/lib.rs holds the same list for readers.
const LAYERS: &[&str] = &[
    "error",
    "wire",
    "crypto",
    "proto",
    "engine",
    "agent",
    "known_hosts",
    "authorized_keys",
    "config",
    "alias",
    "ffi",
];

/// Where `unsafe` may appear: the C border, and the engine's system calls.
const MAY_BE_UNSAFE: &[&str] = &["src/ffi/", "src/engine/sys.rs", "src/engine/sys_names.rs"];

/// Lines a file may have before its tests.
const MAX_LINES: usize = 600;

struct Source {
    /// Path from the crate's root, with `/`.
    name: String,
    text: String,
    /// The text with comments and literals blanked, line structure kept.
    code: String,
}

impl Source {
    /// The module path: `src/proto/kex/mod.rs` is `["proto", "kex"]`.
    fn module(&self) -> Vec<&str> {
        let inner = self.name.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
        let mut path: Vec<&str> = inner.split('/').collect();
        if matches!(path.last(), Some(&"mod" | &"lib")) {
            path.pop();
        }
        path
    }

    fn is_test(&self) -> bool {
        self.name.contains("/tests/") || self.name.ends_with("/tests.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                let text = fs::read_to_string(&path).unwrap();
                let code = blank_comments_and_literals(&text);
                out.push(Source { name, text, code });
            }
        }
    }
    assert!(out.len() > 10, "found only {} source files: is the path right?", out.len());
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

/// Replaces comments, strings and character literals by blanks, so that what is left is code.
fn blank_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment_end(bytes, at);
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|&b| if b == b'\n' { b'\n' } else { b' ' }));
            at = end;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_or_comment_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let find = |from: usize, what: &[u8]| {
        rest[from..].windows(what.len()).position(|w| w == what).map_or(bytes.len(), |p| at + from + p + what.len())
    };
    let after_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        return rest.iter().position(|&b| b == b'\n').map_or(bytes.len(), |p| at + p);
    }
    if rest.starts_with(b"/*") {
        return block_comment_end(bytes, at);
    }
    if !after_name && (rest.starts_with(b"r\"") || rest.starts_with(b"r#")) {
        let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            return find(2 + hashes, &close);
        }
    }
    if rest[0] == b'"' {
        let mut i = 1;
        while i < rest.len() && rest[i] != b'"' {
            i += if rest[i] == b'\\' { 2 } else { 1 };
        }
        return (at + i + 1).min(bytes.len());
    }
    if rest[0] == b'\'' {
        // A lifetime has no closing quote two characters on; an escape always has one.
        if rest.get(1) == Some(&b'\\') {
            return find(3, b"'");
        }
        if rest.get(2) == Some(&b'\'') {
            return at + 3;
        }
    }
    at
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if bytes[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    bytes.len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every place where `word` stands alone in `code`, as (line number, byte position after it).
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    code.match_indices(word).filter_map(move |(at, _)| {
        let end = at + word.len();
        let alone = !code[..at].ends_with(is_name) && !code[end..].starts_with(is_name);
        alone.then(|| (code[..at].matches('\n').count() + 1, end))
    })
}

/// The names that may follow `path::`: one, or those of a `{a::b, c}` group.
fn next_names(rest: &str) -> Vec<&str> {
    let rest = rest.trim_start();
    let Some(group) = rest.strip_prefix('{') else {
        return rest.split(|c| !is_name(c)).next().into_iter().filter(|n| !n.is_empty()).collect();
    };
    let (mut names, mut depth, mut expect) = (Vec::new(), 0, true);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expect = true,
            c if expect && is_name(c) => {
                names.push(group[i..].split(|c| !is_name(c)).next().unwrap());
                expect = false;
            }
            _ => {}
        }
    }
    names
}

/// The top-level modules a file names, with the line: `crate::x`, and `super::` chains that reach the root.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, end) in words(&source.code, "crate") {
        if let Some(rest) = source.code[end..].strip_prefix("::") {
            found.extend(next_names(rest).into_iter().map(|n| (line, n.to_owned())));
        }
    }
    let depth = source.module().len();
    for (line, end) in words(&source.code, "super") {
        let (mut rest, mut ups) = (&source.code[end..], 1);
        while let Some(further) = rest.strip_prefix("::super") {
            (rest, ups) = (further, ups + 1);
        }
        if let (true, Some(rest)) = (ups >= depth, rest.strip_prefix("::")) {
            found.extend(next_names(rest).into_iter().map(|n| (line, n.to_owned())));
        }
    }
    found
}

#[test]
fn modules_import_only_downward() {
    let rank = |name: &str| LAYERS.iter().position(|&l| l == name);
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        let Some(&own) = module.first() else { continue };
        let own_rank = rank(own).unwrap_or_else(|| panic!("{}: no layer is called {own}; see LAYERS", source.name));
        for (line, name) in imports(&source) {
            if rank(&name).is_some_and(|r| r > own_rank) {
                wrong.push(format!("{}:{line}: {own} may not import from {name}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test()) {
        let lines = source.text.lines().take_while(|l| *l != "#[cfg(test)]").count();
        if lines > MAX_LINES {
            long.push(format!("{}: {lines} lines before its tests, the limit is {MAX_LINES}", source.name));
        }
    }
    assert!(long.is_empty(), "split these files:\n{}", long.join("\n"));
}

#[test]
fn unsafe_stays_at_the_border() {
    let mut wrong = Vec::new();
    for source in sources() {
        if MAY_BE_UNSAFE.iter().any(|place| source.name.starts_with(place)) {
            continue;
        }
        wrong.extend(words(&source.code, "unsafe").map(|(line, _)| format!("{}:{line}", source.name)));
    }
    assert!(wrong.is_empty(), "unsafe outside {MAY_BE_UNSAFE:?}:\n{}", wrong.join("\n"));
}

#[test]
fn the_map_in_lib_rs_names_every_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lib = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    for layer in LAYERS {
        assert!(lib.contains(&format!("pub mod {layer};")), "src/lib.rs declares no module {layer}");
        assert!(
            lib.lines().any(|l| l.starts_with(&format!("//! {layer} "))),
            "the map in src/lib.rs leaves out {layer}"
        );
    }
}

#[test]
fn the_scanner_sees_through_comments_and_literals() {
    let text = "let a = \"crate::ffi\"; // crate::ffi\nlet b = r#\"unsafe \"x\" \"#; /* unsafe /* x */ */ let c = '\"'; fn f<'a>() { unsafe {} }";
    let code = blank_comments_and_literals(text);
    assert_eq!(words(&code, "crate").count(), 0);
    assert_eq!(words(&code, "unsafe").map(|(line, _)| line).collect::<Vec<_>>(), [2]);
    let find = |name: &str, code: &str| {
        let source = Source { name: name.into(), text: String::new(), code: code.into() };
        imports(&source).into_iter().map(|(_, n)| n).collect::<Vec<_>>()
    };
    assert_eq!(find("src/wire/mod.rs", "use crate::{error::{A, B}, ffi::C};"), ["error", "ffi"]);
    assert_eq!(find("src/proto/kex/mod.rs", "use super::super::engine::X; use super::event::E;"), ["engine"]);
    assert_eq!(find("src/wire/reader.rs", "fn f() { crate::proto::x() }"), ["proto"]);
}
