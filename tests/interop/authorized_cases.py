"""Lines of authorized_keys, one case a row, and what sshd grants for each.

In a row's text `{key}` stands for the public key that logs in, `{other}` for another one, `{sk}` for an authenticator's,
`{ca}` for an authority's; `{open}` and `{listen}` for ports. test_authorized_keys.py runs each row against sshd and ours.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Outcome:
    """What a login is good for. Without one, all is as it is by default."""

    login: bool = False
    output: str = ""
    pty: bool = False
    agent: bool = False
    open: bool = False
    open_other: bool = False
    listen: bool = False
    listen_other: bool = False


REFUSED = Outcome()
ALL = Outcome(True, "asked", True, True, True, True, True, True)
NONE = Outcome(True, "asked")
NO_PORTS = replace(ALL, open=False, open_other=False, listen=False, listen_other=False)


def printing(output: str) -> Outcome:
    return replace(ALL, output=output)


@dataclass
class Case:
    """One row. `shown` is which key logs in: "key", "sk" or "cert", a certificate by the authority."""

    name: str
    text: str
    expected: Outcome
    shown: str = "key"
    flags: int = 1
    # What a certificate by ssh-keygen says: -n and -O.
    principals: str = "tester"
    options: tuple = ()


LINES = [
    Case("a plain line", "{key}", ALL),
    Case("nothing", "", REFUSED),
    Case("another key", "{other}", REFUSED),
    Case("a second line", "{other}\n{key}\n", ALL),
    Case("no line end", "{other}\n{key}", ALL),
    Case("comments and empty lines", "# a\n\n   # b\n\t\n{key}\n", ALL),
    Case("a line in a comment", "#{key}\n", REFUSED),
    Case("blanks in front", " \t {key}", ALL),
    Case("CRLF", "# a\r\n\r\n{other}\r\n{key}\r\n", ALL),
    Case("CRLF behind options", "no-pty {key}\r\n", replace(ALL, pty=False)),
    Case("tabs between the fields", "no-pty\t{key_tabs}", replace(ALL, pty=False)),
    Case("several blanks between the fields", "no-pty   {key_blanks}", replace(ALL, pty=False)),
    Case("no comment", "{key_bare}", ALL),
    Case("options behind the key", "{key} no-pty", ALL),
    Case("a damaged line before", "ssh-ed25519 AAAA!\n{key}\n", ALL),
    Case("a binary line before", "\x01\x7f garbage \x02\n{key}\n", ALL),
    Case("an open quote before", 'command="x {other}\n{key}\n', ALL),
    Case("a damaged key", "{key_cut}", REFUSED),
    Case("the type of another key", "{key_as_rsa}", REFUSED),
    Case("the first of two lines", "no-pty {key}\n{key}\n", replace(ALL, pty=False)),
    Case("a line that refuses before one that does not", 'from="10.0.0.0/8" {key}\nno-pty {key}\n', replace(ALL, pty=False)),
]

FLAGS = [
    Case("restrict", "restrict {key}", NONE),
    Case("restrict and a terminal", "restrict,pty {key}", replace(NONE, pty=True)),
    Case("restrict behind a terminal", "pty,restrict {key}", NONE),
    Case("restrict and an agent", "restrict,agent-forwarding {key}", replace(NONE, agent=True)),
    Case("restrict and ports", "restrict,port-forwarding {key}", replace(ALL, pty=False, agent=False)),
    Case("capitals", "RESTRICT,Pty {key}", replace(NONE, pty=True)),
    Case("no terminal", "no-pty {key}", replace(ALL, pty=False)),
    Case("no terminal, then one", "no-pty,pty {key}", ALL),
    Case("no agent", "no-agent-forwarding {key}", replace(ALL, agent=False)),
    Case("no ports", "no-port-forwarding {key}", NO_PORTS),
    Case("what changes nothing here", "no-user-rc,no-X11-forwarding,X11-forwarding,user-rc {key}", ALL),
    Case("an empty option", "no-pty,,no-agent-forwarding {key}", replace(ALL, pty=False, agent=False)),
    Case("a comma in front", ",no-pty {key}", replace(ALL, pty=False)),
    Case("a comma at the end", "no-pty, {key}", replace(ALL, pty=False)),
    Case("an unknown option", "no-pty,frobnicate {key}", REFUSED),
    Case("an unknown option, then a line", "frobnicate {key}\n{key}", ALL),
    Case("no opposite of restrict", "no-restrict {key}", REFUSED),
    Case("a longer name", "ptyx {key}", REFUSED),
    Case("a flag with a value", 'pty="yes" {key}', REFUSED),
    Case("an authority's option", "cert-authority {key}", REFUSED),
    Case("principals of no authority", 'principals="tester" {key}', REFUSED),
    Case("a tunnel", 'tunnel="any" {key}', ALL),
    Case("no tunnel there is", 'tunnel="x" {key}', REFUSED),
]

COMMANDS = [
    Case("a command", 'command="echo forced" {key}', printing("forced")),
    Case("what was asked for", 'command="echo $SSH_ORIGINAL_COMMAND" {key}', printing("echo asked $VARIABLE")),
    Case("quotes in a command", 'command="echo \\"a  b\\" \'c\'" {key}', printing("a  b c")),
    Case("backslashes in a command", 'command="echo a\\\\\\\\b" {key}', printing("a\\b")),
    Case("two commands", 'command="echo a",command="echo a" {key}', REFUSED),
    Case("a command without quotes", "command=true {key}", REFUSED),
    Case("a command without its end", 'command="true {key}', REFUSED),
    Case("a command with something behind", 'command="true"x {key}', REFUSED),
    Case("a command and restrict", 'restrict,command="echo x y" {key}', replace(NONE, output="x y")),
    Case("a variable", 'environment="VARIABLE=a b" {key}', printing("asked a b")),
    Case("the first of a name", 'environment="VARIABLE=1",environment="VARIABLE=2" {key}', printing("asked 1")),
    Case("a variable in capitals", 'Environment="VARIABLE=1" {key}', printing("asked 1")),
    Case("no variable", 'environment="VARIABLE" {key}', REFUSED),
    Case("a name with a dash", 'environment="VAR-IABLE=1" {key}', REFUSED),
    Case("a variable with equals signs", 'environment="VARIABLE==a=" {key}', printing("asked =a=")),
]

PLACES = [
    Case("from here", 'from="127.0.0.1" {key}', ALL),
    Case("from this network", 'from="127.0.0.0/8" {key}', ALL),
    Case("from another network", 'from="10.0.0.0/8" {key}', REFUSED),
    Case("from several", 'from="10.0.0.0/8,127.0.0.1" {key}', ALL),
    Case("from a pattern", 'from="127.0.0.?" {key}', ALL),
    Case("from all but here", 'from="*,!127.0.0.1" {key}', REFUSED),
    Case("from all but elsewhere", 'from="*,!10.0.0.0/8" {key}', ALL),
    Case("only not from elsewhere", 'from="!10.0.0.0/8" {key}', REFUSED),
    Case("not from this network", 'from="127.0.0.1,!127.0.0.0/8" {key}', REFUSED),
    Case("from a name", 'from="host.example.org" {key}', REFUSED),
    Case("from a bad network", 'from="127.0.0.1/8,127.0.0.1" {key}', REFUSED),
    Case("from too long a mask", 'from="127.0.0.0/33,*" {key}', REFUSED),
    Case("from a list with a gap", 'from="127.0.0.1,,10.0.0.1" {key}', REFUSED),
    Case("from nothing", 'from="" {key}', REFUSED),
    Case("from IPv6 too", 'from="::1,fe80::/10,127.0.0.1" {key}', ALL),
    Case("from IPv6 alone", 'from="::/0" {key}', REFUSED),
    Case("from, twice", 'from="*",from="*" {key}', REFUSED),
    Case("expired", 'expiry-time="20200101" {key}', REFUSED),
    Case("expired, to the second", 'expiry-time="20200101120000Z" {key}', REFUSED),
    Case("expires later", 'expiry-time="20990101" {key}', ALL),
    Case("the sooner of two", 'expiry-time="20990101",expiry-time="202001010000" {key}', REFUSED),
    Case("no time", 'expiry-time="soon" {key}', REFUSED),
    Case("no such month", 'expiry-time="20991301" {key}', REFUSED),
]

FORWARDS = [
    Case("one place", 'permitopen="127.0.0.1:{open}" {key}', replace(ALL, open_other=False)),
    Case("any port", 'permitopen="127.0.0.1:*" {key}', ALL),
    Case("any host", 'permitopen="*:{open}" {key}', replace(ALL, open_other=False)),
    Case("another name of it", 'permitopen="localhost:{open}" {key}', replace(ALL, open=False, open_other=False)),
    Case("two places", 'permitopen="10.0.0.1:1",permitopen="127.0.0.1:{open}" {key}', replace(ALL, open_other=False)),
    Case("a place and no ports", 'restrict,permitopen="127.0.0.1:{open}" {key}', NONE),
    Case("a place and ports", 'restrict,port-forwarding,permitopen="127.0.0.1:{open}" {key}',
         replace(NONE, open=True, listen=True, listen_other=True)),
    Case("no port", 'permitopen="127.0.0.1" {key}', REFUSED),
    Case("port 0", 'permitopen="127.0.0.1:0" {key}', REFUSED),
    Case("a port above all", 'permitopen="127.0.0.1:65536" {key}', REFUSED),
    Case("IPv6 in brackets", 'permitopen="[::1]:{open}" {key}', replace(ALL, open=False, open_other=False)),
    Case("IPv6 without brackets", 'permitopen="::1:{open}" {key}', REFUSED),
    Case("one place to listen", 'permitlisten="localhost:{listen}" {key}', replace(ALL, listen_other=False)),
    Case("a port to listen", 'permitlisten="{listen}" {key}', replace(ALL, listen_other=False)),
    Case("a pattern to listen", 'permitlisten="local*:*" {key}', ALL),
    Case("another place to listen", 'permitlisten="10.0.0.1:{listen}" {key}', replace(ALL, listen=False, listen_other=False)),
    Case("no place to listen", 'permitlisten="x" {key}', REFUSED),
]

AUTHENTICATORS = [
    Case("an authenticator", "{sk}", ALL, "sk"),
    Case("an authenticator without a touch", "{sk}", REFUSED, "sk", 0),
    Case("one that needs no touch", "no-touch-required {sk}", ALL, "sk", 0),
    Case("one that must verify", "verify-required {sk}", REFUSED, "sk", 1),
    Case("one that verifies", "verify-required {sk}", ALL, "sk", 5),
    Case("one that verifies without a touch", "verify-required,no-touch-required {sk}", ALL, "sk", 4),
]

AUTHORITIES = [
    Case("an authority", "cert-authority {ca}", ALL, "cert"),
    Case("an authority without the option", "{ca}", REFUSED, "cert"),
    Case("an authority with less", "cert-authority,no-pty {ca}", replace(ALL, pty=False), "cert"),
    Case("a certificate with less", "cert-authority {ca}", replace(ALL, pty=False), "cert", options=("no-pty",)),
    Case("an authority with another name", 'cert-authority,principals="a,b" {ca}', REFUSED, "cert"),
    Case("a certificate with the name", 'cert-authority,principals="a,b" {ca}', ALL, "cert", principals="b"),
    Case("names behind a gap", 'cert-authority,principals="a,,b" {ca}', REFUSED, "cert", principals="b"),
    Case("two commands that differ", 'cert-authority,command="echo a" {ca}', REFUSED, "cert", options=("force-command=echo b",)),
    Case("the same command twice", 'cert-authority,command="echo a" {ca}', printing("a"), "cert",
         options=("force-command=echo a",)),
]

CASES = LINES + FLAGS + COMMANDS + PLACES + FORWARDS + AUTHENTICATORS + AUTHORITIES
