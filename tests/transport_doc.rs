//! docs/TRANSPORT.md keeps its word: every entry has a row, and every row a program that tests what the row names.
#![allow(clippy::disallowed_methods, reason = "a test may read files and the like")]

use std::fs;
use std::path::{Path, PathBuf};

const HEADER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/include/sshrs.h"));
const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/TRANSPORT.md"));
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where the programs are.
const FOLDERS: &[&str] = &["c-tests", "c-tests/server", "examples-c/tests"];

/// What stands in place of a function that is missing.
const NOT_YET: &str = "not there yet: ";

/// The names of the Transport, SecurityOptions and Event classes, of Channel and of ServerInterface.
const ENTRIES: &str = "
    Transport(sock, ...)|context manager|__repr__|atfork|get_security_options|set_gss_host|start_client|start_client(event)|start_server|
    start_server(event)|add_server_key|get_server_key|load_server_moduli|close|get_remote_server_key|is_active|open_session|open_x11_channel|
    open_forward_agent_channel|open_forwarded_tcpip_channel|open_channel|request_port_forward|cancel_port_forward|open_sftp_client|send_ignore|
    renegotiate_keys|set_keepalive|global_request|accept|connect|get_exception|set_subsystem_handler|is_authenticated|get_username|get_banner|
    auth_none|auth_password|auth_password(event)|auth_publickey|auth_publickey(event)|auth_interactive|auth_interactive_dumb|
    auth_gssapi_with_mic|auth_gssapi_keyex|set_log_channel|get_log_channel|set_hexdump|get_hexdump|use_compression|getpeername|
    SecurityOptions.__repr__|ciphers|digests|key_types|kex|compression|
    Event()|wait|is_set|set|clear|fileno|
    get_pty|invoke_shell|exec_command|invoke_subsystem|resize_pty|update_environment|set_environment_variable|exit_status_ready|
    recv_exit_status|recv_exit_signal|send_exit_status|send_exit_signal|send_signal|send_break|request_x11|request_forward_agent|
    get_transport|set_name|get_name|get_id|get_kind|get_origin|set_combine_stderr|settimeout|gettimeout|setblocking|getpeername of a channel|
    close of a channel|recv_ready|recv|recv_stderr_ready|recv_stderr|send_ready|send|send_stderr|sendall|sendall_stderr|fileno of a channel|
    shutdown|shutdown_read|shutdown_write|is_closed|eof_received|
    get_allowed_auths|check_auth_none|check_auth_password|check_auth_password_change|check_auth_publickey|check_auth_interactive|
    check_auth_interactive_response|enable_auth_gssapi|check_auth_gssapi_with_mic|check_auth_gssapi_keyex|check_channel_request|
    check_channel_direct_tcpip_request|check_channel_direct_streamlocal_request|check_channel_pty_request|check_channel_shell_request|
    check_channel_exec_request|check_channel_subsystem_request|check_channel_env_request|check_channel_window_change_request|
    check_channel_x11_request|check_channel_forward_agent_request|check_channel_signal_request|check_port_forward_request|
    cancel_port_forward_request|check_global_request|get_banner of a server";

struct Row {
    entry: String,
    names: Vec<String>,
    missing: bool,
    tests: Vec<String>,
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let cells = PAGE.lines().filter(|line| line.starts_with('|')).map(|line| line.split('|').map(str::trim));
    cells
        .map(Iterator::collect::<Vec<_>>)
        .filter(|cells| !matches!(cells[1], "Entry" | "---"))
        .map(|cells| {
            assert_eq!(cells.len(), 6, "a row has four columns: {cells:?}");
            Row {
                entry: cells[1].replace('`', ""),
                names: quoted(cells[2]),
                missing: cells[2].starts_with(NOT_YET),
                tests: quoted(cells[4]),
            }
        })
        .collect()
}

/// Whether the header declares a function, or a hook, of this name.
fn is_declared(name: &str) -> bool {
    let function = |before: &str| before.ends_with([' ', '*']);
    let found = |pattern: &str| {
        HEADER.match_indices(pattern).any(|(at, _)| {
            let line = HEADER[..at].rsplit('\n').next().unwrap_or_default();
            !line.starts_with(" *") && (pattern.starts_with("(*") || function(line))
        })
    };
    if name.starts_with("ssh_") {
        found(&format!("{name}("))
    } else {
        found(&format!("(*{name})("))
    }
}

/// Whether a program has the name as a word, with or without what all functions begin with (as macros leave it out).
fn mentions(program: &str, name: &str) -> bool {
    let word = name.strip_prefix("ssh_").unwrap_or(name);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    program.match_indices(word).any(|(at, _)| {
        let before = program[..at].strip_suffix("ssh_").unwrap_or(&program[..at]);
        !before.ends_with(is_part) && !program[at + word.len()..].starts_with(is_part)
    })
}

fn find(test: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(ROOT).join(folder).join(test)).find(|path| path.is_file())
}

#[test]
fn every_entry_has_a_row() {
    let rows = rows();
    let lost: Vec<&str> =
        ENTRIES.split('|').map(str::trim).filter(|entry| !rows.iter().any(|row| row.entry == *entry)).collect();
    assert!(lost.is_empty(), "docs/TRANSPORT.md has no row for {lost:?}");
}

#[test]
fn every_row_names_what_there_is() {
    for Row { entry, names, missing, .. } in rows() {
        assert!(!names.is_empty(), "{entry}: no C name");
        for name in names {
            assert_eq!(is_declared(&name), !missing, "{entry}: {name} in the header; docs/TRANSPORT.md says otherwise");
        }
    }
}

#[test]
fn every_row_has_its_test() {
    let mut wrong = Vec::new();
    for Row { entry, names, missing, tests } in rows() {
        if tests.is_empty() != missing {
            wrong.push(format!("{entry}: every row has a test, but those of what is not there yet"));
        }
        for test in tests {
            match find(&test).map(|path| fs::read_to_string(path).unwrap()) {
                Some(program) if names.iter().any(|name| mentions(&program, name)) => {}
                Some(_) => wrong.push(format!("{entry}: {test} has none of {names:?}")),
                None => wrong.push(format!("{entry}: there is no {test} in {FOLDERS:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "docs/TRANSPORT.md\n{}", wrong.join("\n"));
}
