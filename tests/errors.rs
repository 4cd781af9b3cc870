//! docs/ERRORS.md is the error table in prose. `SSHRS_BLESS=1 cargo test --test errors` writes it anew.
#![allow(clippy::disallowed_methods, reason = "a test may read files and the environment")]

use std::fmt::Write;

const TABLE: &str = include_str!("../src/error.rs");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ERRORS.md");

const HEAD: &str = "\
# Status codes

Every `ssh_status_t` below 0, from the table in `src/error.rs`. Codes decide; texts are for people. `ssh_get_exception` has more
for the error at hand: what was waited for or refused, the peer's own words, both offers, what would help.
";

/// "HostKeySignature" is `SSH_ERR_HOST_KEY_SIGNATURE`.
fn constant(name: &str) -> String {
    name.chars().fold(String::from("SSH_ERR"), |mut out, c| {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
        out
    })
}

/// One row: `Name = code, reason, "text", "remedy";`
fn row(line: &str, cause: &str) -> String {
    let (name, rest) = line.split_once(" = ").unwrap();
    let mut quoted = rest.split('"');
    let (code, reason) = quoted.next().unwrap().trim_end_matches([',', ' ']).split_once(", ").unwrap();
    let remedy = rest.trim_end_matches("\";").rsplit_once(", \"").unwrap().1.replace("\\\"", "\"");
    let reason = reason.strip_prefix("Some(").map_or(String::new(), |r| r.trim_end_matches(')').to_owned());
    format!("| {code} | `{}` | {cause} | {remedy} | {reason} |\n", constant(name))
}

fn document() -> String {
    let table = TABLE.split_once("error_table! {\n").unwrap().1.split_once("\n}\n").unwrap().0;
    let mut out = HEAD.to_owned();
    let mut cause = String::new();
    for line in table.lines().map(str::trim) {
        if let Some(family) = line.strip_prefix("// ") {
            let (codes, meaning) = family.split_once(": ").unwrap();
            let head = "| code | constant | cause | what helps | DISCONNECT reason |\n|---|---|---|---|---|";
            writeln!(out, "\n## {codes}: {meaning}\n\n{head}").unwrap();
        } else if let Some(doc) = line.strip_prefix("/// ") {
            cause = if cause.is_empty() { doc.to_owned() } else { format!("{cause} {doc}") };
        } else if !line.is_empty() {
            out.push_str(&row(line, &std::mem::take(&mut cause)));
        }
    }
    out
}

#[test]
fn the_list_of_errors_is_what_the_table_says() {
    let document = document();
    assert!(document.matches("\n| -").count() > 50, "only a part of the table was read");
    if std::env::var_os("SSHRS_BLESS").is_some() {
        std::fs::write(PATH, &document).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(committed, document, "docs/ERRORS.md: run SSHRS_BLESS=1 cargo test --test errors");
}
