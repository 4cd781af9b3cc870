"""ssh_config: what sshrs-ssh -G makes of configuration files, option for option what `ssh -G` makes of them; and files that
ssh refuses, refused with file and line."""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client import program

SSH = shutil.which("ssh") or "/usr/bin/ssh"

# Options whose values are not ours to have the same, unless a file sets them, with the reason.
DIFFERENT_DEFAULTS = {
    # Each program has its own algorithms, in its own order.
    "ciphers": "algorithms",
    "macs": "algorithms",
    "kexalgorithms": "algorithms",
    "hostkeyalgorithms": "algorithms",
    "hostbasedacceptedalgorithms": "algorithms",
    "pubkeyacceptedalgorithms": "algorithms",
    "casignaturealgorithms": "algorithms",
    "gssapikexalgorithms": "algorithms",
    # Debian's ssh has these unlike OpenSSH's.
    "forwardx11trusted": "Debian: yes",
    "ipqos": "Debian: lowdelay throughput",
    "serveraliveinterval": "Debian: 300 with BatchMode",
    # Key types that only one of the two can use.
    "identityfile": "key types",
    "securitykeyprovider": "keys in hardware are an agent's business here",
}
# Options of OpenSSH newer than the ssh at hand.
NEWER = {"tag", "channeltimeout", "obscurekeystroketiming", "versionaddendum", "warnweakcrypto"}


@dataclass
class Case:
    """A file and what is looked up in it. `files` are further ones, beside it; {dir} is where they are."""

    text: str
    hosts: tuple = ("host", "web1.example.com", "10.1.2.3")
    files: dict = field(default_factory=dict)
    flags: tuple = ()


def case(text, *hosts, files=None, flags=()):
    return Case(text, hosts or Case.hosts, files or {}, flags)


CASES = {
    "empty": case(""),
    "comments": case("# comment\n\n   # indented\n\t\nPort 2022 # behind a value\n"),
    "first_wins": case("Port 1\nPort 2\nUser a\nHost *\nUser b\nPort 3\n"),
    "equals": case("Port=2022\nUser = joe\nHostName= %h.example.net\nCompression =yes\n"),
    "quotes": case('"Port" "2022"\nUser "a b"\nIdentityFile "~/my keys/id"\nIdentityFile \'single quotes\'\nControlPath "/tmp/a \\"b\\""\n'),
    "case": case("PORT 22\nhostNAME Example.COM\ncompression YES\nStrictHostKeyChecking ACCEPT-NEW\nLogLevel verbose\n"),
    "carriage_returns": case("Host web*\r\n  Port 2022\r\nHost *\r\n  User u\r\n"),
    "host_patterns": case("Host web?.example.com\n Port 1\nHost *.com !web2.*\n User com\nHost 10.*\n User ten\n",
                          "web1.example.com", "web2.example.com", "web10.example.com", "10.1.2.3", "WEB1.example.com"),
    "host_negation": case("Host * !host\n Port 1\nHost !host *\n User u\nHost !nothing\n BatchMode yes\n"),
    "host_many": case('Host a "b c" host d\nPort 1\nHost a b\nPort 2\n', "host", "a", "b"),
    "match_all": case("Match all\nPort 1\nMatch !all\nUser x\n"),
    "match_host": case("HostName %h.example.org\nMatch host *.example.org\nPort 1\nMatch originalhost host,web1*\nUser o\n"
                       "Match host=*.org originalhost=10.*\nCompression yes\n"),
    "match_user": case("User joe\nMatch user j?e,ann localuser *\nPort 1\nMatch user ann\nPort 2\n"),
    "match_negated": case("Match !host host\nPort 1\nMatch host * !user root,joe\nUser n\n", flags=("-l", "joe")),
    "match_exec": case("Match exec true\nPort 1\nMatch exec \"test %n = host\"\nUser n\nMatch !exec false\nCompression yes\n"
                       "Match host nobody exec \"exit 1\"\nBatchMode yes\n"),
    "match_exec_tokens": case('Match exec "test %h-%p-%r-%u = %n-22-$USER_THERE-$USER_HERE"\nPort 9\n'
                              'Match exec "test %i -ge 0 -a -d %d"\nTCPKeepAlive no\n', "host", "web"),
    "match_case": case("match HOST host USER *\nPort 1\nmAtCh ALL\nUser u\n"),
    "match_final": case("HostName real.%h\nMatch final\nPort 1\nMatch final host real.*\nUser f\nHost real.*\nCompression yes\n"),
    "match_canonical": case("Match canonical all\nPort 1\nMatch !canonical\nUser n\n"),
    "canonicalize": case("CanonicalizeHostname yes\nCanonicalDomains invalid example.invalid\nMatch canonical\nPort 1\nMatch host host\nUser u\n"),
    "canonicalize_dots": case("CanonicalizeHostname yes\nCanonicalizeMaxDots 0\nCanonicalDomains invalid\nHost *.com\nPort 1\n"),
    "canonicalize_proxied": case("ProxyCommand nc %h %p\nCanonicalizeHostname yes\nCanonicalDomains invalid\nMatch final\nPort 7\n"),
    "canonicalize_anchored": case("CanonicalizeHostname yes\nCanonicalDomains invalid\nHost localhost\nPort 1\nUser c\n", "localhost.", "localhost"),
    "canonical_options": case("CanonicalDomains A.Example.COM. b_c.example\nCanonicalizePermittedCNAMEs *.A.example:*.b.example *\n"
                              "CanonicalizeFallbackLocal no\nCanonicalizeMaxDots 3\nProxyCommand true\n"),
    "canonical_none": case("CanonicalDomains none\nCanonicalizePermittedCNAMEs none\n"),
    "addresses": case("Host 127.*\nPort 1\nHost *\nUser u\n", "127.1", "0x7f.0.0.1", "127.0.0.1", "2001:DB8::0:1", "::1"),
    "addresses_of_a_family": case("AddressFamily inet\n", "127.1", "host"),
    "hostname": case("Host web*\nHostName %h.inner.example\nHost host\nHostName 100%%.example\n", "host", "web", "WEB"),
    "include": case("Include {dir}/a.conf\nPort 3\n", files={"a.conf": "Host web*\nPort 1\nHost *\nUser inc\n"}),
    "include_glob": case("Include {dir}/conf.d/* {dir}/none/*.conf\nPort 9\n", files={
        "conf.d/10-a": "IdentityFile a\n", "conf.d/20-b": "IdentityFile b\nPort 2\n", "conf.d/.hidden": "Port 1\n"}),
    "include_brackets": case("Include {dir}/[a-c]?.conf\n", files={"a1.conf": "SendEnv A\n", "b2.conf": "SendEnv B\n", "d1.conf": "SendEnv D\n"}),
    "include_in_block": case("Host web*\nInclude {dir}/a.conf\nHost *\nUser u\nInclude {dir}/b.conf\n",
                             files={"a.conf": "Port 1\nHost host\nCompression yes\n", "b.conf": "Match host host\nPort 5\n"}),
    "include_keeps_block": case("Host host\nInclude {dir}/a.conf\nPort 4\n", files={"a.conf": "Host other\nUser x\n"}),
    "include_nested": case("Include {dir}/a.conf\n", files={"a.conf": "Include {dir}/b.conf\nUser a\n", "b.conf": "User b\nPort 6\n"}),
    "identities": case("IdentityFile ~/.ssh/id_%r\nIdentityFile /k/%%\nIdentityFile ~/.ssh/id_%r\nCertificateFile c1\nCertificateFile c2\nIdentitiesOnly yes\nHost web*\nIdentityFile w\n"),
    "identities_none": case("IdentityFile none\n"),
    "command_line": case("Port 1\nUser file\nIdentityFile f\n", flags=("-p", "2", "-l", "line", "-i", "/dev/null", "-o", "Compression=yes", "-o", "SendEnv X")),
    "forwards": case("LocalForward 8080 host:80\nLocalForward 127.0.0.1:8081 [::1]:81\nLocalForward *:8082 h:82\nLocalForward 8080 host:80\n"
                     "RemoteForward 9090 localhost:90\nRemoteForward 0 localhost:91\nRemoteForward 1080\nDynamicForward 1081\nDynamicForward [::1]:1082\n"
                     "GatewayPorts yes\nExitOnForwardFailure yes\n"),
    "forwards_paths": case("LocalForward /tmp/%h.sock h:80\nLocalForward 8080 /tmp/remote_%u\nRemoteForward /tmp/a /tmp/b\nStreamLocalBindMask 0111\nStreamLocalBindUnlink yes\n"),
    "forwards_variables": case("LocalForward ${SOCKET} h:80\nLocalForward 8080 ${SOCKET}.there\n"),
    "forwards_cleared": case("LocalForward 8080 host:80\nRemoteForward 9090 localhost:90\nTunnel yes\nClearAllForwardings yes\n"),
    "proxy_command": case("ProxyCommand ssh -W [%h]:%p \"gate way\" # all of it\nProxyJump gate\n"),
    "proxy_command_none": case("Host web*\nProxyCommand none\nHost *\nProxyCommand nc %h %p\n"),
    "proxy_jump": case("Host web*\nProxyJump a,u@b:2022,ssh://c@d:2222\nHost 10.*\nProxyJump [::1]:22\nHost *\nProxyJump u@gate # comment\nProxyCommand x\n"),
    "proxy_jump_none": case("ProxyJump none\nProxyCommand x\n"),
    "proxy_jump_address": case("ProxyJump joe@192.0.2.1\n"),
    "known_hosts": case("UserKnownHostsFile ~/.ssh/kh_%h /dev/null ${SOCKET}\nGlobalKnownHostsFile /etc/a /etc/b\nHashKnownHosts yes\nHostKeyAlias ALIAS\n"
                        "CheckHostIP yes\nVerifyHostKeyDNS ask\nRevokedHostKeys /r\nKnownHostsCommand /bin/echo %H %t\nUpdateHostKeys ask\n"),
    "known_hosts_none": case("UserKnownHostsFile none\nGlobalKnownHostsFile none\nRevokedHostKeys none\nUserKnownHostsFile /later\n"),
    "update_host_keys": case("Host web*\nVerifyHostKeyDNS yes\nHost host\nUserKnownHostsFile /one\nHost 10.*\nUserKnownHostsFile ~/.ssh/known_hosts\n"),
    "strict": case("Host host\nStrictHostKeyChecking no\nHost web*\nStrictHostKeyChecking yes\nHost *\nStrictHostKeyChecking off\n"),
    "times": case("ConnectTimeout 1m30s\nServerAliveInterval 2h\nServerAliveCountMax 7\nForwardX11Timeout 1w\nControlPersist 10m\n"),
    "times_none": case("ConnectTimeout none\nConnectTimeout 5\nControlPersist 0\n"),
    "persist": case("Host host\nControlPersist yes\nHost *\nControlPersist no\nControlMaster autoask\nControlPath ~/.ssh/%C-%r@%h:%p\n"),
    "rekey": case("Host host\nRekeyLimit 1G 1h\nHost web*\nRekeyLimit 1.5M\nHost *\nRekeyLimit default none\n"),
    "rekey_parts": case("RekeyLimit default\nRekeyLimit 5M 30m\n"),
    "environment": case("SendEnv LANG LC_*\nSendEnv FOO -LC_*\nSetEnv A=1 B=\"two words\" A=2\nSetEnv C=3\n"),
    "environment_removed": case("SendEnv A B C\nHost host\nSendEnv -*\nHost *\nSendEnv D\n"),
    "commands": case("RemoteCommand echo %n %%\nLocalCommand echo %h\nPermitLocalCommand yes\nRequestTTY force\nSessionType default\nStdinNull yes\n"),
    "commands_none": case("RemoteCommand none\nLocalCommand NONE\nControlPath none\n"),
    "agent": case("IdentityAgent ~/agent/%n.sock\nForwardAgent yes\nAddKeysToAgent confirm 5m\n"),
    "agent_names": case("Host host\nIdentityAgent none\nAddKeysToAgent ask\nHost web*\nIdentityAgent SSH_AUTH_SOCK\nAddKeysToAgent 1h\n"
                        "Host *\nIdentityAgent $SOCKET\nAddKeysToAgent no\n"),
    "authentication": case("PreferredAuthentications publickey,password\nPubkeyAuthentication host-bound\nPasswordAuthentication no\n"
                           "ChallengeResponseAuthentication no\nKbdInteractiveDevices bsdauth\nHostbasedAuthentication yes\nEnableSSHKeysign yes\n"
                           "NumberOfPasswordPrompts 1\nGSSAPIAuthentication yes\nGSSAPIDelegateCredentials yes\n"),
    "x11": case("ForwardX11 yes\nForwardX11Trusted no\nXAuthLocation /opt/xauth\n"),
    "escape": case("Host host\nEscapeChar none\nHost web*\nEscapeChar ^]\nHost *\nEscapeChar %\n"),
    "quality": case("Host host\nIPQoS af21 cs1\nHost web*\nIPQoS 0x10\nHost *\nIPQoS ef none\n"),
    "tunnel": case("Tunnel ethernet\nTunnelDevice 3:any\n"),
    "logging": case("LogLevel DEBUG1\nSyslogFacility local3\nLogVerbose kex.c:*:1000\nFingerprintHash MD5\nVisualHostKey yes\n"),
    "algorithms": case("Ciphers aes256-ctr,aes128-gcm@openssh.com\nMACs hmac-sha2-512\nKexAlgorithms curve25519-sha256,ecdh-sha2-nistp256\n"
                       "HostKeyAlgorithms ssh-ed25519,rsa-sha2-512\nPubkeyAcceptedAlgorithms rsa-sha2-256\nCASignatureAlgorithms ssh-ed25519\n"
                       "HostbasedAcceptedAlgorithms ssh-ed25519\n"),
    "algorithms_old_names": case("PubkeyAcceptedKeyTypes ssh-ed25519\nHostbasedKeyTypes rsa-sha2-512\n"),
    "permit_remote_open": case("PermitRemoteOpen host:22 [::1]:80 other:*\n"),
    "past": case("Protocol 2\nUsePrivilegedPort no\nRSAAuthentication yes\nCipher 3des\nKeepAlive no\nPort 4\n"),
    "ignore_unknown": case("IgnoreUnknown foo*,UseKeychain\nFooBar 1\nusekeychain yes\nHost web*\nFoo x\nPort 1\n"),
    "ports": case("Host host\nPort 65535\nHost *\nPort 1\nConnectionAttempts 3\nBindAddress 127.0.0.1\nBindInterface lo\n"),
    "flags": case("BatchMode yes\nServerAliveInterval 5\nTCPKeepAlive no\nNoHostAuthenticationForLocalhost yes\nProxyUseFdpass yes\nEnableEscapeCommandline yes\n"
                  "RequiredRSASize 2048\nAddressFamily inet6\n"),
}

REFUSED = {
    "unknown": "Nonsense 1",
    "unknown_in_block": "Host elsewhere\n  Nonsense 1",
    "no_value": "Port",
    "no_value_equals": "Port=",
    "bad_port": "Port x",
    "port_zero": "Port 0",
    "port_large": "Port 65536",
    "two_values": "Port 22 23",
    "open_quote": 'User "joe',
    "open_single_quote": "User 'joe",
    "flag": "BatchMode maybe",
    "flag_elsewhere": "Host elsewhere\nBatchMode maybe",
    "compression": "Compression true",
    "strict": "StrictHostKeyChecking perhaps",
    "family": "AddressFamily ipv4",
    "time": "ConnectTimeout 5x",
    "number": "ConnectionAttempts many",
    "no_attempts": "NumberOfPasswordPrompts -1",
    "cipher": "Ciphers aes128-ctr,rot13",
    "mac": "MACs md5sum",
    "kex": "KexAlgorithms telepathy",
    "key_types": "HostKeyAlgorithms ssh-foo",
    "log_level": "LogLevel LOUD",
    "facility": "SyslogFacility KITCHEN",
    "rekey": "RekeyLimit 10 1h",
    "rekey_number": "RekeyLimit lots",
    "rekey_time": "RekeyLimit 1G soon",
    "forward": "LocalForward 8080",
    "forward_target": "LocalForward 8080 host",
    "forward_port": "LocalForward 99999 host:80",
    "dynamic": "DynamicForward host",
    "jump": "ProxyJump user@",
    "jump_port": "ProxyJump host:0",
    "escape": "EscapeChar abc",
    "setenv": "SetEnv NAME",
    "sendenv": "SendEnv A=1",
    "match_none": "Match",
    "match_criterion": "Match moon full",
    "match_argument": "Match host",
    "match_all": "Match all host x",
    "match_all_behind": "Match host x user y all",
    "host_empty": 'Host ""',
    "known_hosts_none": "UserKnownHostsFile a none",
    "domains": "CanonicalDomains -x.example",
    "cnames": "CanonicalizePermittedCNAMEs nothing",
    "agent_variable": "IdentityAgent ${NO_SUCH_VARIABLE}",
    "qos": "IPQoS best",
    "mask": "StreamLocalBindMask 999",
    "tunnel_device": "TunnelDevice x",
    "hash": "FingerprintHash crc32",
    "agent_life": "AddKeysToAgent yes 5m",
    "remote_open": "PermitRemoteOpen host",
    "include_bad": "Include {dir}/bad.conf",
    "include_itself": "Include {dir}/config",
    "include_writable": "Include {dir}/writable.conf",
}


def environment():
    own = pwd.getpwuid(os.getuid())
    # ssh asks the account for its home directory; sshrs-ssh believes HOME.
    extra = {"HOME": own.pw_dir, "SOCKET": "/tmp/from-environment", "USER_HERE": own.pw_name, "USER_THERE": own.pw_name}
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS")}
    return kept | extra | {"SHELL": "/bin/sh"}


def run(binary, config, host, flags=()):
    command = [str(binary), "-F", str(config), *flags, "-G", host]
    return subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def options(text):
    out = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        out.setdefault(name.lower(), []).append(value)
    return out


def write(folder, text, files):
    folder = Path(folder)
    for name, content in {"config": text, **files}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.replace("{dir}", str(folder)).encode())
        path.chmod(0o600)
    return folder / "config"


def is_set(name, case):
    return any(re.search(rf"(?im)^\s*\"?{name}", text) for text in (case.text, *case.files.values()))


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_ssh(name, tmp_path):
    case = CASES[name]
    config = write(tmp_path, case.text, case.files)
    for host in case.hosts:
        theirs, ours = run(SSH, config, host, case.flags), run(program(), config, host, case.flags)
        assert theirs.returncode == 0, theirs.stderr
        assert ours.returncode == 0, ours.stderr
        theirs, ours = options(theirs.stdout), options(ours.stdout)
        # A forward to a path stands here too, where it does not belong: ssh has forgotten the case.
        if re.search(r"LocalForward \S+ (/|\$)", case.text):
            theirs.pop("dynamicforward", None)
        left_out = {option for option in DIFFERENT_DEFAULTS if not is_set(option, case)} | NEWER
        if name.startswith("algorithms_old"):
            left_out -= {"pubkeyacceptedalgorithms", "hostbasedacceptedalgorithms"}
        differing = {
            option: (theirs.get(option), ours.get(option))
            for option in sorted((theirs.keys() | ours.keys()) - left_out)
            if theirs.get(option) != ours.get(option)
        }
        assert not differing, f"{host}: theirs, ours: {differing}"


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_ssh_refuses(name, tmp_path):
    config = write(tmp_path, "# a comment\n" + REFUSED[name] + "\n", {"bad.conf": "\nPort x\n", "writable.conf": "Port 1\n"})
    (tmp_path / "writable.conf").chmod(0o666)
    theirs, ours = run(SSH, config, "host"), run(program(), config, "host")
    assert theirs.returncode == 255, theirs.stdout
    assert ours.returncode == 255, ours.stdout
    wanted = {"include_bad": r"bad\.conf:2: ", "include_writable": r"writable\.conf: not read: others can write it"}
    line = 1 + len(REFUSED[name].splitlines())
    assert re.search(wanted.get(name, rf"{re.escape(str(config))}:{line}: "), ours.stderr), ours.stderr


def test_the_table_is_large_enough():
    assert len(CASES) >= 40


def test_none_reads_no_file():
    done = run(program(), "none", "host")
    assert done.returncode == 0 and options(done.stdout)["port"] == ["22"], done.stderr
