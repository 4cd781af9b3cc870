/* run ALIAS COMMAND [CONFIG]: runs a command on a host of your ssh_config, or of another file like it. */
#include <sshrs.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    ssh_connect_alias_options_t how = SSH_CONNECT_ALIAS_OPTIONS_INIT; /* nobody to ask: keys without passphrase, or an agent */
    ssh_transport_t *transport = NULL;
    ssh_channel_t *channel = NULL;
    ssh_exec_result_t *result = NULL;
    ssh_config_t *config = NULL;
    if (argc != 3 && argc != 4) {
        fputs("usage: run ALIAS COMMAND [CONFIG]\n", stderr);
        return 255;
    }
    if (argc == 4 && (ssh_config_new(&config) || ssh_config_load_file(config, argv[3])))
        goto failed;
    how.config = config; /* NULL: ~/.ssh/config and /etc/ssh/ssh_config */
    if (ssh_connect_alias(argv[1], &how, &transport) ||
        ssh_transport_open_session(transport, NULL, SSH_WAIT_DEFAULT, &channel) ||
        ssh_channel_exec_collect(channel, argv[2], NULL, 0, 0, SSH_WAIT_FOREVER, &result))
        goto failed;
    printf("%sexit status: %d\n", ssh_exec_result_stdout(result, NULL), (int)ssh_exec_result_exit_status(result));
    return 0; /* the process's end releases everything */
failed:
    fprintf(stderr, "run: %s\n", ssh_exception_text(ssh_get_exception(NULL)));
    return 255;
}
