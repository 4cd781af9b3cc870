/* Server over libssh. See server.h. A thread each connection, with libssh's event loop; commands are states of a channel. */
#define LIBSSH_LEGACY_0_4 /* leaves out old names */
#include <libssh/libssh.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
#include "server.h"

#define READ_SIZE 32768

static ssh_key authorized;

struct command {
    struct job job;
    struct ssh_channel_callbacks_struct callbacks;
    struct command *next;
    ssh_channel channel;
    bool running, over;
};

struct client {
    ssh_session session;
    struct command *commands;
    bool authenticated;
};

static int on_exec(ssh_session session, ssh_channel channel, const char *text, void *data)
{
    struct command *command = data;

    (void)session, (void)channel;
    command->running = !command->running && job_parse(text, strlen(text), &command->job);
    return command->running ? SSH_OK : SSH_ERROR;
}

/* What a sink gets is counted as it comes; what is to be echoed stays in the channel's buffer for the loop. */
static int on_data(ssh_session session, ssh_channel channel, void *bytes, uint32_t len, int is_stderr, void *data)
{
    struct command *command = data;

    (void)session, (void)channel, (void)bytes, (void)is_stderr;
    if (!command->running || command->job.kind != SINK)
        return 0;
    command->job.bytes += len;
    return (int)len;
}

static void on_close(ssh_session session, ssh_channel channel, void *data)
{
    (void)session, (void)channel;
    ((struct command *)data)->over = true;
}

static ssh_channel on_channel(ssh_session session, void *data)
{
    struct command *command = calloc(1, sizeof *command);
    struct client *client = data;

    command->callbacks.userdata = command;
    command->callbacks.channel_exec_request_function = on_exec;
    command->callbacks.channel_data_function = on_data;
    command->callbacks.channel_close_function = on_close;
    ssh_callbacks_init(&command->callbacks);
    command->channel = ssh_channel_new(session);
    ssh_set_channel_callbacks(command->channel, &command->callbacks);
    command->next = client->commands;
    client->commands = command;
    return command->channel;
}

static int on_key(ssh_session session, const char *user, struct ssh_key_struct *key, char state, void *data)
{
    struct client *client = data;

    (void)session, (void)user;
    if (ssh_key_cmp(key, authorized, SSH_KEY_CMP_PUBLIC) != 0 || (state != SSH_PUBLICKEY_STATE_NONE && state != SSH_PUBLICKEY_STATE_VALID))
        return SSH_AUTH_DENIED;
    client->authenticated = state == SSH_PUBLICKEY_STATE_VALID;
    return SSH_AUTH_SUCCESS;
}

static void finish(struct command *command)
{
    ssh_channel_request_send_exit_status(command->channel, 0);
    ssh_channel_send_eof(command->channel);
    ssh_channel_close(command->channel);
    command->over = true;
}

static uint32_t at_most(uint64_t bytes, uint32_t room) { return bytes < room ? (uint32_t)bytes : room; }

/* Writes no more than the window has room for, so that no client holds up the other channels. */
static void echo(struct command *command)
{
    static __thread char buf[READ_SIZE];
    uint32_t room;
    int got;

    while ((room = ssh_channel_window_size(command->channel)) > 0) {
        got = ssh_channel_read_nonblocking(command->channel, buf, at_most(sizeof buf, room), 0);
        if (got <= 0) {
            if (got == SSH_EOF || got == SSH_ERROR || ssh_channel_is_eof(command->channel))
                finish(command);
            return;
        }
        if (ssh_channel_write(command->channel, buf, (uint32_t)got) != got)
            command->over = true;
    }
}

static void go_on(struct command *command)
{
    char answer[32];
    uint32_t room;

    switch (command->job.kind) {
    case SOURCE:
        while (!command->over && command->job.bytes > 0 && (room = ssh_channel_window_size(command->channel)) > 0) {
            uint32_t part = at_most(command->job.bytes, at_most(sizeof zeros, room));

            if (ssh_channel_write(command->channel, zeros, part) != (int)part)
                command->over = true;
            command->job.bytes -= part;
        }
        if (command->job.bytes == 0)
            finish(command);
        return;
    case SINK:
        if (!ssh_channel_is_eof(command->channel))
            return;
        snprintf(answer, sizeof answer, "%llu\n", (unsigned long long)command->job.bytes);
        ssh_channel_write(command->channel, answer, (uint32_t)strlen(answer));
        break;
    case ECHO:
        echo(command);
        return;
    case NOTHING:
        break;
    }
    finish(command);
}

static void go_on_all(struct client *client)
{
    struct command **at = &client->commands;

    while (*at != NULL) {
        struct command *command = *at;

        if (command->running && !command->over)
            go_on(command);
        /* A write handles what comes in, so a channel may have been put in front meanwhile. */
        while (*at != command)
            at = &(*at)->next;
        if (!command->over) {
            at = &command->next;
            continue;
        }
        *at = command->next;
        ssh_remove_channel_callbacks(command->channel, &command->callbacks);
        ssh_channel_free(command->channel);
        free(command);
    }
}

static void *serve(void *argument)
{
    struct client client = {.session = argument};
    struct ssh_server_callbacks_struct callbacks = {
        .userdata = &client, .auth_pubkey_function = on_key, .channel_open_request_session_function = on_channel};
    ssh_event event = ssh_event_new();
    int yes = 1;

    pthread_detach(pthread_self());
    setsockopt(ssh_get_fd(client.session), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ssh_callbacks_init(&callbacks);
    ssh_set_server_callbacks(client.session, &callbacks);
    ssh_set_auth_methods(client.session, SSH_AUTH_METHOD_PUBLICKEY);
    if (ssh_handle_key_exchange(client.session) == SSH_OK && ssh_event_add_session(event, client.session) == SSH_OK) {
        while ((ssh_get_status(client.session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0 && ssh_event_dopoll(event, -1) != SSH_ERROR)
            go_on_all(&client);
        ssh_event_remove_session(event, client.session);
    }
    ssh_event_free(event);
    while (client.commands != NULL) {
        struct command *command = client.commands;

        client.commands = command->next;
        ssh_remove_channel_callbacks(command->channel, &command->callbacks);
        ssh_channel_free(command->channel);
        free(command);
    }
    ssh_disconnect(client.session);
    ssh_free(client.session);
    return NULL;
}

static void option(ssh_bind listener, enum ssh_bind_options_e name, const void *value)
{
    if (ssh_bind_options_set(listener, name, value) != SSH_OK)
        die("libssh: %s", ssh_get_error(listener));
}

int main(int argc, char **argv)
{
    ssh_bind listener = ssh_bind_new();
    bool no = false;

    arguments(argc, argv);
    if (ssh_init() != SSH_OK || ssh_pki_import_pubkey_file(args.authorized, &authorized) != SSH_OK)
        die("libssh: cannot read %s", args.authorized);
    option(listener, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
    option(listener, SSH_BIND_OPTIONS_HOSTKEY, args.host_key);
    option(listener, SSH_BIND_OPTIONS_KEY_EXCHANGE, KEX);
    option(listener, SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, HOST_KEY);
    option(listener, SSH_BIND_OPTIONS_CIPHERS_C_S, args.cipher);
    option(listener, SSH_BIND_OPTIONS_CIPHERS_S_C, args.cipher);
    option(listener, SSH_BIND_OPTIONS_HMAC_C_S, MAC);
    option(listener, SSH_BIND_OPTIONS_HMAC_S_C, MAC);
    /* A socket of our own: libssh's has a queue of ten only. */
    ssh_bind_set_fd(listener, listen_local());
    listening();
    for (;;) {
        ssh_session session = ssh_new();

        if (ssh_bind_accept(listener, session) == SSH_OK)
            thread_start(serve, session);
        else
            ssh_free(session);
    }
}
