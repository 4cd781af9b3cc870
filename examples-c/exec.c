/* exec HOST[:PORT] USER KEY-FILE KNOWN-HOSTS-FILE COMMAND: runs a command on an SSH server. */
#include <sshrs.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    ssh_transport_t *transport = NULL;
    ssh_channel_t *channel = NULL;
    ssh_exec_result_t *result = NULL;
    ssh_known_hosts_t *known = NULL;
    ssh_key_t *key = NULL;
    ssh_connect_options_t how = SSH_CONNECT_OPTIONS_INIT;
    if (argc != 6) {
        fputs("usage: exec HOST[:PORT] USER KEY-FILE KNOWN-HOSTS-FILE COMMAND\n", stderr);
        return 255;
    }
    if (ssh_known_hosts_new(&known) || ssh_known_hosts_load_file(known, argv[4]) ||
        ssh_key_load_private_file(argv[3], NULL, 0, &key) ||
        ssh_transport_new_host(argv[1], NULL, SSH_WAIT_DEFAULT, &transport))
        goto failed;
    how.username = argv[2];
    how.key = key;
    how.known_hosts = known; /* the server's key must be in there */
    if (ssh_transport_connect(transport, &how, SSH_WAIT_DEFAULT) < 0 ||
        ssh_transport_open_session(transport, NULL, SSH_WAIT_DEFAULT, &channel) ||
        ssh_channel_exec_collect(channel, argv[5], NULL, 0, 0, SSH_WAIT_FOREVER, &result))
        goto failed;
    printf("%sexit status: %d\n", ssh_exec_result_stdout(result, NULL), (int)ssh_exec_result_exit_status(result));
    return 0; /* the process's end releases everything */
failed:
    fprintf(stderr, "exec: %s\n", ssh_exception_text(ssh_get_exception(NULL)));
    return 255;
}
