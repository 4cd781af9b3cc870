//! Lookups in memory.

use super::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

/// A world of a few files and names.
pub(crate) struct Memory {
    files: BTreeMap<String, FileText>,
    /// Name to canonical name.
    names: BTreeMap<String, String>,
    commands: RefCell<Vec<String>>,
    may_run: bool,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { files: BTreeMap::new(), names: BTreeMap::new(), commands: RefCell::default(), may_run: false }
    }

    pub(crate) fn local(&self) -> Local {
        Local { user: "me".into(), uid: 1000, home: "/home/me".into(), host_name: "here.example".into() }
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), FileText { bytes: text.into(), owner: 1000, mode: 0o644 });
        self
    }

    fn name(mut self, name: &str, canonical: &str) -> Self {
        self.names.insert(name.into(), canonical.into());
        self
    }

    fn running(mut self) -> Self {
        self.may_run = true;
        self
    }
}

impl World for Memory {
    fn read(&self, path: &str) -> io::Result<FileText> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let inside = |path: &String| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        Ok(self.files.keys().filter_map(inside).filter(|name| !name.contains('/')).collect())
    }

    fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn home_of(&self, user: &str) -> Option<String> {
        (user == "other").then(|| "/home/other".into())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "EDITOR").then(|| "ed".into())
    }

    fn addresses(&self) -> Result<Vec<IpAddr>> {
        Ok(vec!["127.0.0.1".parse().unwrap(), "10.1.2.3".parse().unwrap()])
    }

    fn run(&self, command: &str) -> Result<bool> {
        self.commands.borrow_mut().push(command.to_owned());
        match self.may_run {
            true => Ok(command.starts_with("true")),
            false => Err(Error::new(ErrorKind::Unsupported, "no commands")),
        }
    }

    fn resolve(&self, name: &str, _: Family) -> Result<Option<Resolved>> {
        Ok(self.names.get(name).map(|canonical| Resolved { canonical: Some(canonical.clone()) }))
    }
}

fn look(world: &Memory, text: &str, alias: &str) -> Result<HostConfig> {
    let mut config = Config::default();
    config.add_text("/home/me/.ssh/config", text.into());
    config.lookup(alias, &world.local(), world)
}

fn plain(text: &str, alias: &str) -> HostConfig {
    look(&Memory::new(), text, alias).unwrap()
}

fn refused(text: &str) -> String {
    let error = look(&Memory::new(), text, "host").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error.text().to_owned()
}

#[test]
fn the_first_value_wins_and_lists_grow() {
    let found =
        plain("Port 1\nIdentityFile a\nHost *\nPort 2\nIdentityFile b\nIdentityFile a\nSendEnv X Y\nSendEnv -X", "h");
    assert_eq!(found.get("Port"), Some("1"));
    assert_eq!(found.values("IdentityFile").unwrap(), ["a", "b"]);
    assert_eq!(found.values("sendenv").unwrap(), ["Y"]);
    assert_eq!(found.origin("port"), Some("/home/me/.ssh/config:1"));
    assert_eq!(found.origin("user"), None);
    assert_eq!(found.get("user"), Some("me"));
    assert_eq!(found.get("nonsense"), None);
}

#[test]
fn options_of_the_command_line_go_first() {
    let world = Memory::new();
    let mut config = Config::default();
    config.add_text("f", b"Port 1\nUser file".to_vec());
    config.set_option("port=2", &world.local(), &world).unwrap();
    config.set_option("Port 3", &world.local(), &world).unwrap();
    let found = config.lookup("h", &world.local(), &world).unwrap();
    assert_eq!((found.get("port"), found.get("user")), (Some("2"), Some("file")));
    assert_eq!(found.origin("port"), Some("command line"));
    for wrong in ["Nonsense=1", "Port=x", "Host=a", "Include a"] {
        assert_eq!(config.set_option(wrong, &world.local(), &world).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
    }
    config.set_option("IgnoreUnknown=None*", &world.local(), &world).unwrap();
    config.set_option("Nonesuch=1", &world.local(), &world).unwrap();
}

#[test]
fn blocks_apply_by_their_patterns() {
    let text = "Host a* !ab\nPort 1\nHost b?\nPort 2\nMatch host c\nPort 3\nHost *\nPort 4\n";
    for (alias, port) in [("a", "1"), ("ab", "4"), ("bx", "2"), ("b", "4"), ("c", "3"), ("C", "3")] {
        assert_eq!(plain(text, alias).get("port"), Some(port), "{alias}");
    }
}

#[test]
fn criteria() {
    for (line, want) in [
        ("all", true),
        ("!all", false),
        ("host h,g", true),
        ("host=h", true),
        ("host = h", true),
        ("Host \"h\" user me", true),
        ("host h user you", false),
        ("!host h", false),
        ("!host g !user you", true),
        ("originalhost H,h", true),
        ("localuser m?", true),
        ("localnetwork 10.0.0.0/8", true),
        ("localnetwork 192.168.0.0/16", false),
        ("version sshrs_*", true),
        ("version OpenSSH*", false),
        ("tagged \"\"", true),
        ("tagged x", false),
        ("command \"\"", true),
        ("sessiontype shell", true),
        ("canonical", false),
        ("!canonical all", true),
        ("host h # comment", true),
    ] {
        let found = plain(&format!("Match {line}\nPort 1\n"), "h");
        assert_eq!(found.get("port") == Some("1"), want, "{line}");
    }
    for line in ["host", "nonsense x", "all host h", "host h user me all", "localnetwork x", "# c"] {
        assert!(refused(&format!("\nMatch {line}")).starts_with("/home/me/.ssh/config:2: "), "{line}");
    }
}

#[test]
fn commands_run_by_permission_only() {
    let text =
        "Match host h exec \"true %h %n\"\nPort 1\nMatch host g exec \"true other\"\nPort 2\nMatch exec false\nPort 3";
    let world = Memory::new().running();
    let found = look(&world, text, "h").unwrap();
    assert_eq!(found.get("port"), Some("1"));
    assert_eq!(*world.commands.borrow(), ["true h h", "false"]);
    let error = look(&Memory::new(), text, "h").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.text().starts_with("/home/me/.ssh/config:1: "), "{error}");
    // CVE-2023-51385: no name brings a command of its own along.
    let world = Memory::new().running();
    for user in ["$(touch x)", "`id`", ";id", "-x", "a b"] {
        let text = format!("User \"{user}\"\nMatch exec \"test %r = h\"\nPort 1");
        let error = look(&world, &text, "h").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{user}");
        assert!(error.text().contains("not put into a command"), "{error}");
    }
    assert!(world.commands.borrow().is_empty());
}

#[test]
fn files_include_files() {
    let world = Memory::new()
        .file("/home/me/.ssh/conf.d/a", "Port 1\nHost x\nUser x\n")
        .file("/home/me/.ssh/conf.d/b", "Port 2\nCompression yes")
        .file("/home/me/.ssh/conf.d/.c", "Nonsense")
        .file("/other", "HashKnownHosts yes");
    let found = look(&world, "Include conf.d/* /other missing ~/.ssh/none\nBatchMode yes", "h").unwrap();
    assert_eq!(found.get("port"), Some("1"));
    assert_eq!(found.get("user"), Some("me"));
    assert!(found.is_yes("compression") && found.is_yes("hashknownhosts") && found.is_yes("batchmode"));
    // A block that does not apply includes nothing, but what it includes must be right.
    assert_eq!(look(&world, "Host g\nInclude conf.d/*", "h").unwrap().get("port"), Some("22"));
    let error = look(&world.file("/bad", "\nNonsense 1"), "Host g\nInclude /bad", "h").unwrap_err();
    assert!(error.text().starts_with("/bad:2: "), "{error}");
}

#[test]
fn files_that_include_themselves_end() {
    let world = Memory::new().file("/a", "Include /a /a");
    let error = look(&world, "Include /a", "h").unwrap_err();
    assert!(error.text().contains("16 deep"), "{error}");
    let mut wide = Memory::new();
    for level in 0..12 {
        let next = level + 1;
        wide = wide.file(&format!("/f{level}"), &format!("Include /f{next} /f{next} /f{next}"));
    }
    let error = look(&wide, "Include /f0", "h").unwrap_err();
    assert!(error.text().contains("1024 files"), "{error}");
}

#[test]
fn who_may_write_the_files() {
    let mut world = Memory::new().file("/home/me/.ssh/config", "Port 1");
    let load = |world: &Memory| Config::default().load_defaults(&world.local(), world);
    load(&world).unwrap();
    for (owner, mode, good) in [(0, 0o644, true), (1001, 0o644, false), (1000, 0o664, false), (1000, 0o646, false)] {
        let bytes = b"Port 1".to_vec();
        world.files.insert("/home/me/.ssh/config".into(), FileText { bytes, owner, mode });
        assert_eq!(load(&world).is_ok(), good, "{owner} {mode:o}");
        assert_eq!(look(&world, "Include config", "h").is_ok(), good);
    }
    // -F takes any file.
    Config::default().load_file("/home/me/.ssh/config", &world).unwrap();
    assert_eq!(Config::default().load_file("/none", &world).unwrap_err().kind(), ErrorKind::File);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    for line in [
        "Nonsense 1",
        "Port",
        "Port 0",
        "Port 65536",
        "Port 1 2",
        "Port \"1",
        "Compression maybe",
        "ConnectTimeout 1x",
        "Ciphers nonsense",
        "LocalForward 80",
        "LocalForward x y",
        "ProxyJump @",
        "SetEnv A",
        "SendEnv A=1",
        "RekeyLimit 1",
        "EscapeChar ab",
        "IdentityAgent ${NOTHING}",
        "Host \"\"",
        "LogLevel loud",
        "UserKnownHostsFile a none",
        "CanonicalDomains -x",
        "CanonicalizePermittedCNAMEs x",
        "Include \"\"",
        "RefuseConnection go away",
        "ConnectionAttempts -1",
        "User \x00",
    ] {
        assert!(refused(&format!("# comment\n\n{line}")).starts_with("/home/me/.ssh/config:3: "), "{line}");
    }
    // Also where it does not apply.
    assert!(refused("Host g\nPort 0").contains(":2: "));
    assert!(refused("Host g\nNonsense 1").contains("unknown option"));
    look(&Memory::new(), "Host g\nRefuseConnection go", "h").unwrap();
    look(&Memory::new(), "IgnoreUnknown Non*,x\nNonsense 1", "h").unwrap();
    let mut config = Config::default();
    config.add_text("f", b"# \xff\nUser \xff".to_vec());
    let world = Memory::new();
    assert!(config.lookup("h", &world.local(), &world).unwrap_err().text().starts_with("f:2: "));
}

#[test]
fn names_that_no_host_has() {
    let world = Memory::new();
    for alias in ["", "-oProxyCommand=x", "a b", "a;b", "$(x)", "a\nb"] {
        let error = Config::default().lookup(alias, &world.local(), &world).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{alias:?}");
    }
}

#[test]
fn host_names() {
    assert_eq!(plain("HostName %h.example", "H").host(), "h.example");
    assert_eq!(plain("HostName 127.1", "h").host(), "127.0.0.1");
    assert_eq!(plain("", "2001:DB8::1").host(), "2001:db8::1");
    // Match sees the name that was set, Host does not.
    let found = plain("HostName web.example\nHost web.*\nPort 1\nMatch host web.*\nUser u", "h");
    assert_eq!((found.get("port"), found.get("user")), (Some("22"), Some("u")));
}

#[test]
fn names_become_canonical() {
    let text = "CanonicalizeHostname yes\nCanonicalDomains none.example a.example\nCanonicalizePermittedCNAMEs *.a.example:*.b.example\n\
                Host *.example\nPort 1\nMatch canonical\nUser c\nMatch final\nSendEnv F";
    let world = Memory::new().name("web.a.example.", "web.a.example").name("old.a.example.", "new.b.example.");
    let found = look(&world, text, "web").unwrap();
    assert_eq!((found.host(), found.get("port"), found.get("user")), ("web.a.example", Some("1"), Some("c")));
    assert_eq!(found.values("sendenv").unwrap(), ["F"]);
    assert_eq!(look(&world, text, "old").unwrap().host(), "new.b.example");
    // Without CNAME rules an unknown name stays as it is.
    let text = "CanonicalizeHostname yes\nCanonicalDomains a.example";
    assert_eq!(look(&world, text, "unknown").unwrap().host(), "unknown");
    assert_eq!(look(&world, text, "x.y.z").unwrap().host(), "x.y.z");
    let strict = format!("{text}\nCanonicalizeFallbackLocal no");
    assert_eq!(look(&world, &strict, "unknown").unwrap_err().kind(), ErrorKind::ResolveFailed);
    // A proxy looks names up itself.
    assert_eq!(look(&world, &format!("{text}\nProxyCommand x"), "web").unwrap().host(), "web");
    let always = text.replace("yes", "always");
    assert_eq!(look(&world, &format!("{always}\nProxyCommand x"), "web").unwrap().host(), "web.a.example");
}

#[test]
fn a_final_pass_only_where_asked() {
    let text = "HostName web.example\nMatch final host web.example\nPort 1\nHost web.example\nUser u";
    let found = plain(text, "h");
    assert_eq!((found.get("port"), found.get("user")), (Some("1"), Some("u")));
}

#[test]
fn jumps_and_proxies() {
    let found = plain("ProxyJump a,u@b:2022\nProxyCommand x", "h");
    assert_eq!(found.get("proxyjump"), Some("a,u@b:2022"));
    assert_eq!(found.get("proxycommand"), None);
    assert_eq!(found.jumps().len(), 2);
    let found = plain("ProxyCommand nc %h %p\nProxyJump a", "h");
    assert_eq!((found.get("proxyjump"), found.get("proxycommand")), (None, Some("nc %h %p")));
    let world = Memory::new();
    assert_eq!(found.expanded("proxycommand", 0, &world).unwrap(), "nc h 22");
    assert!(plain("ProxyCommand x %r\nUser a;b", "h").expanded("proxycommand", 0, &world).is_err());
    assert_eq!(plain("ProxyCommand x %%r\nUser a;b", "h").expanded("proxycommand", 0, &world).unwrap(), "x %r");
    let found = plain("ProxyJump none\nProxyCommand x", "h");
    assert_eq!((found.get("proxyjump"), found.get("proxycommand")), (None, None));
    assert!(refused("ProxyJump host").contains("itself"));
}

#[test]
fn values_as_they_are_used() {
    let world = Memory::new();
    let found = plain("IdentityFile ~/.ssh/id_%r\nUserKnownHostsFile ~/%n /etc/x\nUser u", "h");
    assert_eq!(found.get("identityfile"), Some("~/.ssh/id_%r"));
    assert_eq!(found.expanded("IdentityFile", 0, &world).unwrap(), "/home/me/.ssh/id_u");
    assert!(found.expanded("IdentityFile", 1, &world).is_err());
    assert_eq!(found.values("userknownhostsfile").unwrap(), ["/home/me/h", "/etc/x"]);
}

#[test]
fn old_names_and_options_of_the_past() {
    let found = plain("PubkeyAcceptedKeyTypes ssh-ed25519\nCipher x\nProtocol 2\nRSAAuthentication yes", "h");
    assert_eq!(found.get("pubkeyacceptedalgorithms"), Some("ssh-ed25519"));
    assert_eq!(found.warnings().len(), 2);
    assert!(found.warnings()[0].starts_with("/home/me/.ssh/config:2: cipher"));
}

#[test]
fn the_dump_names_every_option_once_or_more() {
    let dump = plain("Ciphers aes128-ctr\nEscapeChar ^]\nRekeyLimit 1G 1h", "h").dump();
    assert!(dump.starts_with("host h\nuser me\nhostname h\nport 22\n"), "{dump}");
    for line in ["ciphers aes128-ctr", "escapechar \\^]", "rekeylimit 1073741824 3600", "connecttimeout none"] {
        assert!(dump.lines().any(|l| l == line), "{line}");
    }
}
