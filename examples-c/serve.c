/* serve PORT PUBLIC-KEY-FILE: an SSH server on 127.0.0.1 that lets one key in and answers every command with its text. */
#include <arpa/inet.h>
#include <sshrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssh_key_t *allowed;

static int32_t on_key(void *data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *user, const ssh_key_t *key,
                      const char *algorithm, bool is_signed)
{
    (void)data, (void)ticket, (void)transport, (void)user, (void)algorithm, (void)is_signed;
    return ssh_key_is_equal(key, allowed) ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t on_channel(void *data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, uint32_t id,
                          const void *open_data, size_t open_data_len)
{
    (void)data, (void)ticket, (void)transport, (void)id, (void)open_data, (void)open_data_len;
    return strcmp(kind, "session") == 0 ? SSH_OPEN_SUCCEEDED : SSH_OPEN_FAILED_UNKNOWN_CHANNEL_TYPE;
}

static int32_t on_exec(void *data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    ssh_channel_t *mine = NULL; /* a thread of your own could go on with it after the hook */
    (void)data;
    if (ssh_channel_take(channel, &mine) != SSH_OK)
        return SSH_REQUEST_REFUSED;
    ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED); /* the reply first: command is valid until the hook returns */
    ssh_channel_sendall(mine, command, command_len, SSH_WAIT_FOREVER, NULL);
    ssh_channel_sendall(mine, "\n", 1, SSH_WAIT_FOREVER, NULL);
    ssh_channel_send_exit_status(mine, 0);
    ssh_channel_free(mine); /* the last handle: EOF and CLOSE behind what was sent */
    return SSH_HOOK_PENDING;
}

static void on_end(void *transport) { ssh_transport_free(transport); }

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    ssh_transport_t *transport = NULL;
    ssh_key_t *host_key = NULL;

    at.sin_port = htons(argc == 3 ? (uint16_t)atoi(argv[1]) : 0);
    if (argc != 3 || ssh_key_load_public_file(argv[2], &allowed) || ssh_key_generate("ssh-ed25519", 0, &host_key) ||
        bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 16)) {
        fputs("usage: serve PORT PUBLIC-KEY-FILE\n", stderr);
        return 255;
    }
    hooks.check_auth_publickey = on_key;
    hooks.check_channel_request = on_channel;
    hooks.check_channel_exec_request = on_exec;
    hooks.destroy = on_end; /* once the connection is over */
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (ssh_transport_new_fd(fd, NULL, &transport) || ssh_transport_add_server_key(transport, host_key))
            break;
        hooks.user_data = transport;
        ssh_transport_start_server_event(transport, &hooks, NULL); /* the library's threads do the rest */
    }
    return 255;
}
