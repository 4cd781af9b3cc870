#!/bin/sh
# What sshrs-ssh says without a server.
#   command_line.sh PROGRAM
. "$(dirname "$0")/check.sh"
ssh=$1

check 0 'usage: sshrs-ssh' "$ssh" --help
check 0 '--passphrase-file' "$ssh" --help
check 255 'sshrs-ssh: -Z: unknown option (see --help)' "$ssh" -Z host
check 255 'sshrs-ssh: --frobnicate: unknown option' "$ssh" --frobnicate host
check 255 'unknown option' "$ssh" -o NoSuchOption=1 host
check 255 'the host is missing' "$ssh"
check 255 'not a destination' "$ssh" user@
for forward in 1 1:2 0:localhost:2 1:localhost:0 65536:localhost:2 1:localhost:http 1::2 a:b:c:d:e 1:localhost:2: ''; do
    check 255 'a forward' "$ssh" -L "$forward" host
done
check 255 'not a forward' "$ssh" -R 1 host
check 255 'not a forward' "$ssh" -D localhost host
check 255 'not a forward' "$ssh" -D /path host
check 255 'not a forward' "$ssh" -o 'LocalForward=1 localhost' host
check 255 'a value is missing' "$ssh" -L
check 255 'not supported yet' "$ssh" -F /dev/null host
check 255 'a number in range' "$ssh" -p 65536 host
check 255 'bad option value' "$ssh" -o Port=x host
check 255 'one of yes ask accept-new no off' "$ssh" -o StrictHostKeyChecking=maybe host
check 255 'such as 1G 1h' "$ssh" -o RekeyLimit=1X host
check 255 'not a host and port' "$ssh" -W nowhere host
check 255 'name is missing' "$ssh" -s host
check 255 'Ciphers: "rot13" is not' "$ssh" -G -o Ciphers=rot13 host
check 255 'connecting to 127.0.0.1 port 1' "$ssh" -p 1 127.0.0.1 true

check 255 'the proxy command ended with exit status 7' "$ssh" -o 'ProxyCommand=sh -c "exit 7"' host true
check 255 'the proxy command ended with signal 9' "$ssh" -o 'ProxyCommand=sh -c "kill -9 \$\$"' host true
check 255 'said port 22 of joe at host, not at typed: 100%' \
    "$ssh" -o 'ProxyCommand=sh -c "echo said port %p of %r at %h, not at %n: 100%% >&2"' -o HostName=host joe@typed true
check 255 'an unknown token' "$ssh" -o 'ProxyCommand=echo %q' host true
check 255 'ended with' "$ssh" -o 'ProxyCommand=false' -o HostName='a;b' host true
check 255 'not put into ProxyCommand' "$ssh" -o 'ProxyCommand=echo %h' -o HostName='a;b' host true
check 255 'not put into ProxyCommand' "$ssh" -o 'ProxyCommand=echo %h' -o HostName=-oOption host true
check 255 'does not go with ProxyJump' "$ssh" -o 'ProxyCommand=echo' -J jump host true
check 255 'connecting to 127.0.0.1 port 1' "$ssh" -o ProxyCommand=none -p 1 127.0.0.1 true
check 255 '127.0.0.1: it has addresses, but none for IPv6' "$ssh" -6 -p 1 127.0.0.1 true
check 255 'tried: 127.0.0.1:1' "$ssh" -4 -p 1 localhost true

check 0 'port 2022' "$ssh" -G -p2022 -o Port=5 host
check 0 'user joe' "$ssh" -G joe@host
check 0 'user ann' "$ssh" -G -l ann joe@host
check 0 'rekeylimit 1073741824 3600' "$ssh" -G -o 'RekeyLimit 1G 1h' host
check 0 'rekeylimit 1048576 0' "$ssh" -G -o RekeyLimit=1M host
check 0 'ciphers aes256-ctr' "$ssh" -G -o Ciphers=aes256-ctr host
check 0 'kexalgorithms mlkem768x25519-sha256,' "$ssh" -G host
check 0 'serveraliveinterval 90' "$ssh" -G -o ServerAliveInterval=1m30s host
check 0 'addressfamily inet6' "$ssh" -G6 host
check 0 'localforward [::1]:1:[::1]:2' "$ssh" -G -L '[::1]:1:[::1]:2' host
check 0 'localforward 1 localhost:2' "$ssh" -G -o 'LocalForward=1 localhost:2' host
check 0 'remoteforward 0:localhost:2' "$ssh" -G -R 0:localhost:2 host
check 0 'remoteforward /a:/b' "$ssh" -G -R 1:/b -R /a:/b host
check 0 'dynamicforward *:1' "$ssh" -G -D '*:1' host
check 0 'forwardagent yes' "$ssh" -GA host
check 0 'forwardx11 yes' "$ssh" -GX host
check 0 'forwardx11trusted no' "$ssh" -GX host
check 0 'forwardx11trusted yes' "$ssh" -GY host
check 0 'forwardx11 no' "$ssh" -Gx -o ForwardX11=yes host
check 0 'forwardx11timeout 3600' "$ssh" -G -o ForwardX11Timeout=1h host
check 0 'identityfile /tmp/b' "$ssh" -G -i /tmp/a -i /tmp/b host
finish
