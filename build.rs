//! Generates the C header from src/ffi and src/error.rs into OUT_DIR. The committed include/sshrs.h is compared with it by
//! tests/header.rs, so a build never writes into the source tree. Also gives a plain cdylib its SONAME.
#![allow(clippy::disallowed_methods, reason = "cargo tells a build script what it needs by environment variables")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The header's sections, in order: title, file in src/ffi.
const SECTIONS: &[(&str, &str)] = &[
    ("The library", "status.rs"),
    ("Memory", "text.rs"),
    ("The log", "log.rs"),
    ("Exceptions", "exception.rs"),
    ("Events", "event.rs"),
    ("Events: loops", "ready.rs"),
    ("Keys", "key.rs"),
    ("Keys: writing", "key_write.rs"),
    ("Keys: signing", "key_sign.rs"),
    ("Keys: certificates", "key_cert.rs"),
    ("Certificates", "cert.rs"),
    ("Certificates: deciding and issuing", "cert_use.rs"),
    ("Key revocation lists", "krl.rs"),
    ("Keys: private halves held elsewhere", "signer.rs"),
    ("Known hosts", "known_hosts.rs"),
    ("Configuration", "config.rs"),
    ("Configuration: what a host has", "host_config.rs"),
    ("Known hosts: lines and changes", "known_hosts_edit.rs"),
    ("Known hosts: fingerprints in the DNS", "sshfp.rs"),
    ("Security options", "security_options.rs"),
    ("Transport: making one", "transport_new.rs"),
    ("Transport: starting and ending", "transport.rs"),
    ("Transport: negotiating, checking and logging in at once", "connect.rs"),
    ("Transport: by a name of the configuration", "alias.rs"),
    ("Transport: asking", "transport_info.rs"),
    ("Transport: authentication", "auth.rs"),
    ("Transport: answering prompts", "answers.rs"),
    ("Agents", "agent.rs"),
    ("Agents: one of your own", "agent_server.rs"),
    ("Transport: channels and requests", "transport_request.rs"),
    ("Transport: forwarding", "forward.rs"),
    ("Transport: host keys", "hostkeys.rs"),
    ("Server: starting one", "server.rs"),
    ("Server: answering a hook's question", "ticket.rs"),
    ("Server: who may log in", "authorized_keys.rs"),
    ("Server: what a user may do", "permissions.rs"),
    ("Channel: requests", "channel_request.rs"),
    ("Channel: requests, without waiting", "channel_begin.rs"),
    ("Channel: data", "channel_io.rs"),
    ("Channel: life and properties", "channel.rs"),
    ("Channel: a command in one call", "exec.rs"),
    ("Relays", "relay.rs"),
];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    for path in ["build.rs", "cbindgen.toml", "src/ffi", "src/error.rs"] {
        println!("cargo:rerun-if-changed={path}");
    }
    fs::write(out.join("sshrs.h"), header(&root)).expect("OUT_DIR is writable");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsshrs.so.0");
    }
}

fn header(root: &Path) -> String {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut h = read("src/ffi/header/top.h");
    let _ = writeln!(h, "\n/** The version of the library this header belongs to. */");
    let _ = writeln!(h, "#define SSHRS_VERSION \"{}\"\n", env::var("CARGO_PKG_VERSION").expect("set by cargo"));
    banner(&mut h, "Types");
    opaque_types(&mut h, root);
    let mut types = generate(root, "types.rs", &["constants", "structs", "typedefs"]);
    types.push_str(&generate(root, "server_types.rs", &["constants", "structs", "typedefs"]));
    types.push_str(&generate(root, "agent_types.rs", &["constants", "structs", "typedefs"]));
    types.push_str(&generate(root, "config_types.rs", &["constants", "structs", "typedefs"]));
    // cbindgen puts constants first; statuses of the error table belong right behind them.
    h.push_str(&types);
    banner(&mut h, "Errors");
    statuses(&mut h, &read("src/error.rs"));
    for (title, file) in SECTIONS {
        banner(&mut h, title);
        h.push_str(&generate(root, file, &["functions"]));
    }
    h.push_str(&read("src/ffi/header/end.h"));
    tidy(&h)
}

/// What cbindgen has no setting for: one-line comments on one line, negative numbers in parentheses, single blank lines.
fn tidy(h: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in h.lines() {
        if line.is_empty() && out.last().is_some_and(String::is_empty) {
            continue;
        }
        out.push(match line.rsplit_once(' ') {
            Some((head, number)) if line.starts_with("#define ") && number.starts_with('-') => {
                format!("{head} ({number})")
            }
            // Every struct has a typedef of the same name.
            _ if !line.starts_with("typedef ") => line.replace("struct ssh_", "ssh_"),
            _ => line.to_owned(),
        });
        if let [.., open, text, close] = out.as_slice() {
            let short = close.len() + text.len() < 118;
            if open.trim() == "/**" && close.trim() == "*/" && short {
                let indent = &open[..open.len() - open.trim_start().len()];
                let joined = format!("{indent}/** {} */", text.trim().trim_start_matches("* "));
                out.truncate(out.len() - 3);
                out.push(joined);
            }
        }
    }
    out.join("\n") + "\n"
}

fn banner(h: &mut String, title: &str) {
    let _ = writeln!(h, "\n/* ==== {title} {} */\n", "=".repeat(105_usize.saturating_sub(title.len())));
}

/// The functions or types of one file, as cbindgen writes them.
fn generate(root: &Path, file: &str, items: &[&str]) -> String {
    let path = root.join("src/ffi").join(file);
    let source = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    config.export.item_types = items
        .iter()
        .map(|item| match *item {
            "functions" => cbindgen::ItemType::Functions,
            "constants" => cbindgen::ItemType::Constants,
            "structs" => cbindgen::ItemType::Structs,
            _ => cbindgen::ItemType::Typedefs,
        })
        .collect();
    // Types that no function of the same file uses would be left out.
    config.export.include = names(&source);
    let mut text = Vec::new();
    cbindgen::Builder::new().with_config(config).with_src(&path).generate().expect(file).write(&mut text);
    String::from_utf8(text).expect("the header is UTF-8")
}

/// The C types a file declares.
fn names(source: &str) -> Vec<String> {
    source
        .lines()
        .filter_map(|l| l.strip_prefix("pub struct ").or_else(|| l.strip_prefix("pub type ")))
        .filter_map(|l| l.split(|c: char| !(c.is_alphanumeric() || c == '_')).next())
        .map(str::to_owned)
        .collect()
}

/// Forward declarations of the handles, with their comments: every `pub struct ssh_*_t` that is not in types.rs or server_types.rs.
fn opaque_types(h: &mut String, root: &Path) {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root.join("src/ffi")).expect("src/ffi").map(|e| e.expect("entry").path()).collect();
    files.sort();
    for file in
        files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs") && !f.to_string_lossy().ends_with("types.rs"))
    {
        let source = fs::read_to_string(file).expect("readable");
        let mut doc = String::new();
        for line in source.lines() {
            if let Some(text) = line.strip_prefix("/// ") {
                doc = text.to_owned();
            } else if let Some(name) = line.strip_prefix("pub struct ").and_then(|l| l.split([' ', '(']).next()) {
                let _ = writeln!(h, "/** {doc} */\ntypedef struct {name} {name};\n");
            }
        }
    }
}

/// One constant per row of the error table, so that the two cannot differ.
fn statuses(h: &mut String, source: &str) {
    let table = source.split("\nerror_table! {").nth(1).and_then(|t| t.split("\n}").next()).expect("the error table");
    let mut doc = String::new();
    for line in table.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            doc = text.to_owned();
        } else if let Some(text) = line.strip_prefix("// ") {
            let _ = writeln!(h, "/* {text} */\n");
        } else if let Some((name, rest)) = line.split_once(" = ") {
            let code = rest.split(',').next().expect("a code");
            let mut constant = String::from("SSH_ERR");
            for c in name.chars() {
                if c.is_ascii_uppercase() {
                    constant.push('_');
                }
                constant.push(c.to_ascii_uppercase());
            }
            let _ = writeln!(h, "/** {doc} */\n#define {constant} ({code})\n");
        }
    }
}
