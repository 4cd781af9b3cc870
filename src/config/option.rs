//! THE table of options: name, what it takes, its default, and how `-G` prints it. The order is that of `ssh -G`.

use super::algorithms::List;
use super::value::{self, Choices};

/// What an option takes, and how it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A word of a table.
    Choice(Choices),
    /// A number from 0.
    Number,
    /// A time in seconds; "none" is as good as nothing said.
    Time,
    /// A word.
    Text,
    /// Everything behind the keyword: a command.
    Command,
    /// Words, set once as a whole; "none" stands alone. So many at most.
    Words(usize),
    /// Domain names, likewise.
    Domains,
    /// Algorithm names, with `+`, `-` and `^`.
    Algorithms(List),
    /// A file, one more each time.
    File,
    /// Takes a function of its own: see `assign`.
    Special,
}

/// How an option is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Print {
    /// One line a value; nothing if there is none.
    Lines,
    /// All on one line; "none" if there is none.
    OneLine,
}

/// A row.
#[derive(Debug)]
pub(super) struct Spec {
    /// In lower case.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Used where nothing sets it.
    pub(super) default: &'static [&'static str],
    pub(super) print: Print,
}

const fn row(name: &'static str, kind: Kind, default: &'static [&'static str]) -> Spec {
    Spec { name, kind, default, print: Print::Lines }
}

const fn line(name: &'static str, kind: Kind, default: &'static [&'static str]) -> Spec {
    Spec { name, kind, default, print: Print::OneLine }
}

const fn flag(name: &'static str, default: &'static [&'static str]) -> Spec {
    row(name, Kind::Choice(value::FLAG), default)
}

const NO: &[&str] = &["no"];
const YES: &[&str] = &["yes"];

/// The options, as `ssh -G` orders them.
pub(super) static OPTIONS: &[Spec] = &[
    row("user", Kind::Text, &[]),
    row("hostname", Kind::Text, &[]),
    row("port", Kind::Special, &["22"]),
    row("addressfamily", Kind::Choice(value::FAMILY), &["any"]),
    flag("batchmode", NO),
    flag("canonicalizefallbacklocal", YES),
    row("canonicalizehostname", Kind::Choice(value::CANONICALIZE), &["false"]),
    flag("checkhostip", NO),
    row("compression", Kind::Choice(value::COMPRESSION), NO),
    row("controlmaster", Kind::Choice(value::CONTROL_MASTER), &["false"]),
    flag("enablesshkeysign", NO),
    flag("clearallforwardings", NO),
    flag("exitonforwardfailure", NO),
    row("fingerprinthash", Kind::Choice(value::HASHES), &["SHA256"]),
    flag("forwardx11", NO),
    flag("forwardx11trusted", NO),
    flag("gatewayports", NO),
    flag("gssapiauthentication", NO),
    flag("gssapikeyexchange", NO),
    flag("gssapidelegatecredentials", NO),
    flag("gssapitrustdns", NO),
    flag("gssapirenewalforcesrekey", NO),
    row("gssapiclientidentity", Kind::Text, &[]),
    row("gssapiserveridentity", Kind::Text, &[]),
    row("gssapikexalgorithms", Kind::Text, &[]),
    flag("hashknownhosts", NO),
    flag("hostbasedauthentication", NO),
    flag("identitiesonly", NO),
    flag("kbdinteractiveauthentication", YES),
    flag("nohostauthenticationforlocalhost", NO),
    flag("passwordauthentication", YES),
    flag("permitlocalcommand", NO),
    flag("proxyusefdpass", NO),
    row("pubkeyauthentication", Kind::Choice(value::PUBKEY), &["true"]),
    row("requesttty", Kind::Choice(value::TTY), &["auto"]),
    row("sessiontype", Kind::Choice(value::SESSION), &["default"]),
    flag("stdinnull", NO),
    flag("forkafterauthentication", NO),
    flag("streamlocalbindunlink", NO),
    row("stricthostkeychecking", Kind::Choice(value::STRICT), &["ask"]),
    flag("tcpkeepalive", YES),
    row("tunnel", Kind::Choice(value::TUNNEL), &["false"]),
    row("verifyhostkeydns", Kind::Choice(value::YES_NO_ASK), &["false"]),
    flag("visualhostkey", NO),
    row("updatehostkeys", Kind::Choice(value::YES_NO_ASK), &[]),
    flag("enableescapecommandline", NO),
    flag("warnweakcrypto", YES),
    row("canonicalizemaxdots", Kind::Number, &["1"]),
    row("connectionattempts", Kind::Number, &["1"]),
    row("forwardx11timeout", Kind::Time, &["1200"]),
    row("numberofpasswordprompts", Kind::Number, &["3"]),
    row("serveralivecountmax", Kind::Number, &["3"]),
    row("serveraliveinterval", Kind::Time, &["0"]),
    row("requiredrsasize", Kind::Number, &["1024"]),
    row("obscurekeystroketiming", Kind::Special, NO),
    row("bindaddress", Kind::Text, &[]),
    row("bindinterface", Kind::Text, &[]),
    row("ciphers", Kind::Algorithms(List::Ciphers), &[]),
    row("controlpath", Kind::Text, &[]),
    row("hostkeyalgorithms", Kind::Algorithms(List::HostKeys), &[]),
    row("hostkeyalias", Kind::Text, &[]),
    row("hostbasedacceptedalgorithms", Kind::Algorithms(List::Signatures), &[]),
    row("identityagent", Kind::Special, &[]),
    row("ignoreunknown", Kind::Text, &[]),
    row("kbdinteractivedevices", Kind::Text, &[]),
    row("kexalgorithms", Kind::Algorithms(List::Kexes), &[]),
    row("casignaturealgorithms", Kind::Algorithms(List::CaSignatures), &[]),
    row("localcommand", Kind::Command, &[]),
    row("remotecommand", Kind::Command, &[]),
    row("loglevel", Kind::Choice(value::LOG_LEVELS), &["INFO"]),
    row("macs", Kind::Algorithms(List::Macs), &[]),
    row("pkcs11provider", Kind::Text, &[]),
    row("securitykeyprovider", Kind::Text, &[]),
    row("preferredauthentications", Kind::Text, &[]),
    row("pubkeyacceptedalgorithms", Kind::Algorithms(List::Signatures), &[]),
    row("revokedhostkeys", Kind::Text, &[]),
    row("xauthlocation", Kind::Text, &["/usr/bin/xauth"]),
    row("knownhostscommand", Kind::Command, &[]),
    row("tag", Kind::Text, &[]),
    row("versionaddendum", Kind::Command, &[]),
    row("dynamicforward", Kind::Special, &[]),
    row("localforward", Kind::Special, &[]),
    row("remoteforward", Kind::Special, &[]),
    row("identityfile", Kind::File, &["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"]),
    line("canonicaldomains", Kind::Domains, &[]),
    row("certificatefile", Kind::File, &[]),
    line("globalknownhostsfile", Kind::Words(32), &["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]),
    line("userknownhostsfile", Kind::Words(32), &["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]),
    row("sendenv", Kind::Special, &[]),
    row("setenv", Kind::Special, &[]),
    line("logverbose", Kind::Words(32), &[]),
    line("channeltimeout", Kind::Special, &[]),
    line("permitremoteopen", Kind::Special, &["any"]),
    line("addkeystoagent", Kind::Special, &["false"]),
    row("forwardagent", Kind::Special, NO),
    line("connecttimeout", Kind::Time, &[]),
    row("tunneldevice", Kind::Special, &["any:any"]),
    line("canonicalizepermittedcnames", Kind::Special, &[]),
    row("controlpersist", Kind::Special, NO),
    row("escapechar", Kind::Special, &["~"]),
    line("ipqos", Kind::Special, &["af21", "cs1"]),
    line("rekeylimit", Kind::Special, &["0", "0"]),
    row("streamlocalbindmask", Kind::Special, &["0177"]),
    row("syslogfacility", Kind::Choice(value::FACILITIES), &["USER"]),
    row("proxycommand", Kind::Special, &[]),
    row("proxyjump", Kind::Special, &[]),
];

/// Other names of options: old ones, and Debian's.
const ALIASES: &[(&str, &str)] = &[
    ("challengeresponseauthentication", "kbdinteractiveauthentication"),
    ("skeyauthentication", "kbdinteractiveauthentication"),
    ("tisauthentication", "kbdinteractiveauthentication"),
    ("dsaauthentication", "pubkeyauthentication"),
    ("identityfile2", "identityfile"),
    ("keepalive", "tcpkeepalive"),
    ("hostbasedkeytypes", "hostbasedacceptedalgorithms"),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"),
    ("smartcarddevice", "pkcs11provider"),
    ("protocolkeepalives", "serveraliveinterval"),
    ("setuptimeout", "serveraliveinterval"),
];

/// Options of the past: they may stand in a file and mean nothing. A warning says so, but for "protocol", whose only
/// value left is the one there is.
const PAST: &[&str] = &[
    "protocol",
    "cipher",
    "fallbacktorsh",
    "globalknownhostsfile2",
    "rhostsauthentication",
    "userknownhostsfile2",
    "useroaming",
    "usersh",
    "useprivilegedport",
    "afstokenpassing",
    "kerberosauthentication",
    "kerberostgtpassing",
    "rsaauthentication",
    "rhostsrsaauthentication",
    "compressionlevel",
];

/// What a keyword is.
#[derive(Debug)]
pub(super) enum Keyword {
    Host,
    Match,
    Include,
    Refuse,
    Option(&'static Spec),
    Past,
    Unknown,
}

/// The row with this name.
pub(super) fn find(name: &str) -> Option<&'static Spec> {
    OPTIONS.iter().find(|spec| spec.name == name)
}

/// Finds a keyword, given in lower case.
pub(super) fn keyword(name: &str) -> Keyword {
    match name {
        "host" => return Keyword::Host,
        "match" => return Keyword::Match,
        "include" => return Keyword::Include,
        "refuseconnection" => return Keyword::Refuse,
        _ => {}
    }
    let name = ALIASES.iter().find(|&&(alias, _)| alias == name).map_or(name, |&(_, real)| real);
    match find(name) {
        Some(spec) => Keyword::Option(spec),
        None if PAST.contains(&name) => Keyword::Past,
        None => Keyword::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_unique() {
        let mut names: Vec<_> = OPTIONS.iter().map(|spec| spec.name).chain(ALIASES.iter().map(|a| a.0)).collect();
        names.extend(PAST);
        assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(ALIASES.iter().all(|(_, real)| find(real).is_some()));
    }
}
