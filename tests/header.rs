//! The committed header is what the sources generate. `SSHRS_BLESS=1 cargo test --test header` writes it anew.
#![allow(clippy::disallowed_methods, reason = "a test may read files and the environment")]

const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/sshrs.h"));
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/sshrs.h");

#[test]
fn the_committed_header_is_what_the_sources_say() {
    if std::env::var_os("SSHRS_BLESS").is_some() {
        std::fs::write(PATH, GENERATED).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    if let Some((n, (is, should))) =
        committed.lines().zip(GENERATED.lines()).enumerate().find(|(_, (is, should))| is != should)
    {
        panic!("include/sshrs.h line {} is\n  {is}\nbut the sources say\n  {should}\nrun SSHRS_BLESS=1 cargo test --test header", n + 1);
    }
    assert_eq!(committed.len(), GENERATED.len(), "include/sshrs.h has another length than what the sources say");
}

/// The functions the header declares, in its order.
fn functions() -> Vec<&'static str> {
    let code = GENERATED.lines().filter(|l| !l.starts_with([' ', '#', '}', '/', '*']) && !l.starts_with("typedef "));
    code.filter_map(|l| l.split_once('(').map(|(head, _)| head))
        .filter_map(|head| head.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("ssh_"))
        .collect()
}

/// Every export by name, so that each carries the version it came with; a new one is declared by being listed.
#[test]
fn the_version_script_lists_what_the_header_declares() {
    const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cmake/sshrs.map");
    let mut names = functions();
    assert!(names.len() > 100, "only {} functions were found: is the scanner right?", names.len());
    names.sort_unstable();
    let list: String = names.iter().map(|n| format!("        {n};\n")).collect();
    let map = format!("SSHRS_0.1 {{\n    global:\n{list}    local:\n        *;\n}};\n");
    if std::env::var_os("SSHRS_BLESS").is_some() {
        std::fs::write(MAP, &map).unwrap();
    }
    let committed = std::fs::read_to_string(MAP).unwrap_or_default();
    assert_eq!(committed, map, "cmake/sshrs.map: run SSHRS_BLESS=1 cargo test --test header");
}

#[test]
fn every_item_has_a_comment() {
    let lines: Vec<&str> = GENERATED.lines().collect();
    let mut bare = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let item = line.contains("ssh_")
            && line.contains('(')
            && !line.starts_with([' ', '#', '}', '/', '*'])
            && !line.starts_with("SSHRS_AUTO_")
            || line.starts_with("typedef ")
            || line.starts_with("#define SSH_") && !line.contains("_INIT") && !line.contains("SSH_AUTO");
        if item && !lines.get(i.wrapping_sub(1)).is_some_and(|before| before.ends_with("*/")) {
            bare.push(*line);
        }
    }
    assert!(bare.is_empty(), "items without a comment:\n{}", bare.join("\n"));
}

/// Every function that waits is in the table of `c-tests/test_every_wait.c`, so that no deadline goes unproven.
#[test]
fn every_function_with_a_time_out_has_its_test() {
    const TEST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/c-tests/test_every_wait.c"));
    let mut waits: Vec<&str> = GENERATED
        .split("\nssh_status_t ")
        .skip(1)
        .filter(|rest| rest.split_once(';').is_some_and(|(prototype, _)| prototype.contains("int64_t timeout_ms")))
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        // It sets a bound and waits for nothing.
        .filter(|name| *name != "ssh_channel_settimeout")
        .collect();
    let table = TEST.split_once("CASES[] = {").and_then(|(_, rest)| rest.split_once("\n};")).unwrap().0;
    let mut tested: Vec<String> = table
        .lines()
        .filter_map(|line| line.trim().split_once('(').map(|(_, args)| args))
        .filter_map(|args| args.split([',', ')']).next().map(|name| format!("ssh_{name}")))
        .collect();
    waits.sort_unstable();
    tested.sort_unstable();
    assert!(waits.len() > 30, "only {} functions were found: is the scanner right?", waits.len());
    assert_eq!(tested, waits, "the table of c-tests/test_every_wait.c");
}
