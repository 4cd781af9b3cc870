//! ssh_config files: a lookup ends, says the same twice, and refuses with a place.

use crate::config::{Config, Family, FileText, HostConfig, Local, Resolved, World};
use crate::error::{Error, ErrorKind, Result};
use std::io;
use std::net::{IpAddr, Ipv4Addr};

/// A world of one further file, which includes itself as well as it can.
struct Small<'a> {
    included: &'a [u8],
}

impl World for Small<'_> {
    fn read(&self, path: &str) -> io::Result<FileText> {
        match path {
            "/etc/ssh/ssh_config" => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(FileText { bytes: self.included.to_vec(), owner: 0, mode: 0o600 }),
        }
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Ok(vec!["a".into(), "b.conf".into(), ".c".into()])
    }

    fn exists(&self, path: &str) -> bool {
        path.len() < 100
    }

    fn home_of(&self, user: &str) -> Option<String> {
        (user.len() < 4).then(|| format!("/home/{user}"))
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name.len() < 4).then(|| name.repeat(2))
    }

    fn addresses(&self) -> Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }

    fn run(&self, command: &str) -> Result<bool> {
        match command.len() % 3 {
            0 => Err(Error::from(ErrorKind::Unsupported)),
            n => Ok(n == 1),
        }
    }

    fn resolve(&self, name: &str, _: Family) -> Result<Option<Resolved>> {
        Ok(name.len().is_multiple_of(2).then(|| Resolved { canonical: Some(format!("{name}example.com")) }))
    }
}

/// The first byte chooses the host, `0xff` ends the file and begins the one that it includes.
pub(super) fn ssh_config(data: &[u8]) {
    let Some((&which, data)) = data.split_first() else { return };
    let mut parts = data.splitn(2, |&b| b == 0xff);
    let (text, included) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let world = Small { included };
    let local = Local { user: "me".into(), uid: 1, home: "/home/me".into(), host_name: "here.example".into() };
    let alias = ["host", "web.example.com", "10.1", "::1", "a.b."][usize::from(which) % 5];
    let mut config = Config::default();
    config.add_text("config", text.to_vec());
    if let Some(line) = text.split(|&b| b == b'\n').next().and_then(|line| std::str::from_utf8(line).ok()) {
        let _ = config.set_option(line, &local, &world);
    }
    match (config.lookup(alias, &local, &world), config.lookup(alias, &local, &world)) {
        (Ok(found), Ok(again)) => {
            assert_eq!(found.dump(), again.dump(), "two lookups differ");
            look(&found, &world);
        }
        (Err(error), Err(again)) => assert_eq!(error, again, "two refusals differ"),
        _ => panic!("two lookups differ"),
    }
    let _ = config.for_hop().lookup(alias, &local, &world);
}

fn look(found: &HostConfig, world: &dyn World) {
    assert!(!found.host().is_empty() && found.number("port").is_some_and(|port| port > 0 && port < 65536));
    for name in HostConfig::names() {
        let values = found.values(name).expect("a name of the table");
        assert!(values.iter().all(|value| !value.contains(['\n', '\0'])), "{name}: {values:?}");
        for index in 0..values.len() {
            let _ = found.expanded(name, index, world);
        }
    }
}
