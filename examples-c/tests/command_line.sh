#!/bin/sh
# What sshrs-ssh says without a server.
#   command_line.sh PROGRAM
. "$(dirname "$0")/check.sh"
ssh=$1

check 0 'usage: sshrs-ssh' "$ssh" -F none --help
check 0 '--passphrase-file' "$ssh" -F none --help
check 255 'sshrs-ssh: -Z: unknown option (see --help)' "$ssh" -F none -Z host
check 255 'sshrs-ssh: --frobnicate: unknown option' "$ssh" -F none --frobnicate host
check 255 'unknown option' "$ssh" -F none -o NoSuchOption=1 host
check 255 'the host is missing' "$ssh" -F none
check 255 'not a destination' "$ssh" -F none user@
for forward in 1 1:2 0:localhost:2 1:localhost:0 65536:localhost:2 1:localhost:http 1::2 a:b:c:d:e 1:localhost:2: ''; do
    check 255 'a forward' "$ssh" -F none -L "$forward" host
done
check 255 'not a forward' "$ssh" -F none -R 1 host
check 255 'not a forward' "$ssh" -F none -D localhost host
check 255 'not a forward' "$ssh" -F none -D /path host
check 255 'is no forwarding' "$ssh" -F none -o 'LocalForward=1 localhost' host
check 255 'a value is missing' "$ssh" -F none -L
check 0 'port 22' "$ssh" -F /dev/null -G host
check 255 'reading the configuration: /nonexistent: ' "$ssh" -F /nonexistent host
check 255 'does not act on the option' "$ssh" -F none -o ControlMaster=yes host
check 0 'controlmaster false' "$ssh" -F none -G -o ControlMaster=no host
check 255 'port from 1 to 65535' "$ssh" -F none -p 65536 host
check 255 'command line: port' "$ssh" -F none -o Port=x host
check 255 'yes, no, off, ask, accept-new' "$ssh" -F none -o StrictHostKeyChecking=maybe host
check 255 'such as 1G' "$ssh" -F none -o RekeyLimit=1X host
check 255 'not a host and port' "$ssh" -F none -W nowhere host
check 255 'name is missing' "$ssh" -F none -s host
check 255 '"rot13" is no algorithm' "$ssh" -F none -G -o Ciphers=rot13 host
check 255 'connecting to 127.0.0.1 port 1' "$ssh" -F none -p 1 127.0.0.1 true

check 255 'the proxy command ended with exit status 7' "$ssh" -F none -o 'ProxyCommand=sh -c "exit 7"' host true
check 255 'the proxy command ended with signal 9' "$ssh" -F none -o 'ProxyCommand=sh -c "kill -9 \$\$"' host true
check 255 'said port 22 of joe at host, not at typed: 100%' \
    "$ssh" -F none -o 'ProxyCommand=sh -c "echo said port %p of %r at %h, not at %n: 100%% >&2"' -o HostName=host joe@typed true
check 255 'an unknown token' "$ssh" -F none -o 'ProxyCommand=echo %q' host true
check 255 'not a host' "$ssh" -F none -o 'ProxyCommand=false' -o HostName='a;b' host true
check 255 'not a host' "$ssh" -F none -o 'ProxyCommand=echo %h' -o HostName=-oOption host true
check 255 'not put into ProxyCommand' "$ssh" -F none -o 'ProxyCommand=echo %h' -o HostName='a[b' host true
check 255 'ended with' "$ssh" -F none -o 'ProxyCommand=false' -o HostName='a[b' host true
check 255 'does not go with ProxyJump' "$ssh" -F none -o 'ProxyCommand=echo' -J jump host true
check 255 'connecting to 127.0.0.1 port 1' "$ssh" -F none -o ProxyCommand=none -p 1 127.0.0.1 true
check 255 '127.0.0.1: it has addresses, but none for IPv6' "$ssh" -F none -6 -p 1 127.0.0.1 true
check 255 'tried: 127.0.0.1:1' "$ssh" -F none -4 -p 1 localhost true

check 0 'port 2022' "$ssh" -F none -G -p2022 -o Port=5 host
check 0 'user joe' "$ssh" -F none -G joe@host
check 0 'user joe' "$ssh" -F none -G joe@host -l ann
check 0 'user ann' "$ssh" -F none -G -l ann joe@host
check 0 'rekeylimit 1073741824 3600' "$ssh" -F none -G -o 'RekeyLimit 1G 1h' host
check 0 'rekeylimit 1048576 0' "$ssh" -F none -G -o RekeyLimit=1M host
check 0 'ciphers aes256-ctr' "$ssh" -F none -G -o Ciphers=aes256-ctr host
check 0 'kexalgorithms mlkem768x25519-sha256,' "$ssh" -F none -G host
check 0 'serveraliveinterval 90' "$ssh" -F none -G -o ServerAliveInterval=1m30s host
check 0 'addressfamily inet6' "$ssh" -F none -G6 host
check 0 'localforward [::1]:1 [::1]:2' "$ssh" -F none -G -L '[::1]:1:[::1]:2' host
check 0 'localforward 1 [localhost]:2' "$ssh" -F none -G -o 'LocalForward=1 localhost:2' host
check 0 'remoteforward 0 [localhost]:2' "$ssh" -F none -G -R 0:localhost:2 host
check 0 'remoteforward /a /b' "$ssh" -F none -G -R 1:/b -R /a:/b host
check 0 'dynamicforward [*]:1' "$ssh" -F none -G -D '*:1' host
check 0 'forwardagent yes' "$ssh" -F none -GA host
check 0 'forwardx11 yes' "$ssh" -F none -GX host
check 0 'forwardx11trusted no' "$ssh" -F none -GX host
check 0 'forwardx11trusted yes' "$ssh" -F none -GY host
check 0 'forwardx11 no' "$ssh" -F none -Gx -o ForwardX11=yes host
check 0 'forwardx11timeout 3600' "$ssh" -F none -G -o ForwardX11Timeout=1h host
check 0 'identityfile /tmp/b' "$ssh" -F none -G -i /tmp/a -i /tmp/b host
finish
