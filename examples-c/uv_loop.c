/* uv_loop HOST PORT USER KEY-FILE KNOWN-HOSTS-FILE COMMAND...: runs commands side by side on one connection, inside libuv's
 * loop, and prints what they say. The queue's descriptor is a uv_poll_t; a timer shows that the loop is never held up. */
#include <sshrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct command {
    const char *text;
    ssh_channel_t *channel;
    enum { OPENING, ASKING, READING, ENDING } step;
};

static const char *host, *user;
static uint32_t port;
static ssh_key_t *key;
static ssh_known_hosts_t *known_hosts;
static ssh_transport_t *transport;
static ssh_event_t *event; /* set when a step of the login is over; the one handle without a command */
static ssh_ready_t *ready;
static struct command *commands;
static int count, left, result, ticks;
static uv_poll_t poll_handle;
static uv_timer_t timer;

/* Nothing is left to wait for: uv_run returns once its handles are closed. */
static void stop(void)
{
    left = 0;
    uv_poll_stop(&poll_handle);
    if (!uv_is_closing((uv_handle_t *)&poll_handle)) {
        uv_close((uv_handle_t *)&poll_handle, NULL);
        uv_close((uv_handle_t *)&timer, NULL);
    }
}

static void complain(void)
{
    ssh_exception_t *e = ssh_get_exception(transport);
    fprintf(stderr, "uv_loop: %s\n", ssh_exception_text(e));
    ssh_exception_free(e);
    result = 1;
}

static void command_over(struct command *c)
{
    ssh_channel_free(c->channel);
    c->channel = NULL;
    if (--left == 0)
        stop();
}

static void command_ready(struct command *c)
{
    static char buf[65536];
    ssh_status_t rc = SSH_OK;
    uint32_t exit_status;
    size_t n;

    switch (c->step) {
    case OPENING:
    case ASKING:
        if ((rc = ssh_channel_finish(c->channel)) == SSH_PENDING)
            return;
        if (rc == SSH_OK && c->step++ == OPENING)
            rc = ssh_channel_exec_command_begin(c->channel, c->text);
        else if (rc == SSH_OK)
            rc = ssh_ready_add_channel(ready, c->channel, SSH_READY_READABLE, c);
        break;
    case READING: /* stderr is left alone: it is dropped with the channel */
        rc = ssh_channel_recv(c->channel, buf, sizeof buf, 0, &n);
        fwrite(buf, 1, n, stdout);
        if (rc == SSH_ERR_TIMEOUT)
            return;
        if (rc == SSH_EOF) {
            c->step = ENDING;
            rc = ssh_ready_add_channel(ready, c->channel, SSH_READY_EXIT_STATUS, c);
        }
        break;
    case ENDING:
        if ((rc = ssh_channel_recv_exit_status(c->channel, 0, &exit_status)) == SSH_OK) {
            printf("%s: exit status %u\n", c->text, (unsigned)exit_status);
            command_over(c);
        }
        break;
    }
    if (rc < 0) {
        complain();
        command_over(c);
    }
}

static ssh_status_t check_host_key(void)
{
    ssh_key_t *theirs;
    int32_t verdict = SSH_KNOWN_HOST_UNKNOWN;
    ssh_status_t rc = ssh_transport_get_remote_server_key(transport, &theirs);

    if (rc == SSH_OK)
        rc = ssh_known_hosts_check(known_hosts, host, port, theirs, &verdict, NULL, NULL);
    ssh_key_free(theirs);
    if (rc == SSH_OK && verdict != SSH_KNOWN_HOST_MATCH) {
        fprintf(stderr, "uv_loop: %s is not known with the key it has\n", host);
        rc = SSH_ERR_HOST_KEY_UNKNOWN;
    }
    return rc;
}

/* The key exchange is over, then the login. */
static void login_ready(void)
{
    int i;

    ssh_event_clear(event);
    if (ssh_transport_is_authenticated(transport)) {
        for (i = 0; i < count; i++)
            if (ssh_transport_open_session_begin(transport, NULL, &commands[i].channel) < 0 ||
                ssh_ready_add_channel(ready, commands[i].channel, SSH_READY_DONE, &commands[i]) < 0)
                break;
        if (i == count)
            return;
    } else if (ssh_transport_is_active(transport) && left == 0) {
        left = count;
        if (check_host_key() == SSH_OK && ssh_transport_auth_publickey_event(transport, user, key, event) == SSH_OK)
            return;
    }
    complain();
    stop();
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    uint32_t flags;
    void *command;

    (void)handle, (void)status, (void)events;
    while (ssh_ready_next(ready, 0, &flags, &command) == SSH_OK)
        if (command == NULL)
            login_ready();
        else
            command_ready(command);
}

static void on_timer(uv_timer_t *handle)
{
    (void)handle;
    ticks++;
}

int main(int argc, char **argv)
{
    int fd, i;

    if (argc < 7) {
        fputs("usage: uv_loop HOST PORT USER KEY-FILE KNOWN-HOSTS-FILE COMMAND...\n", stderr);
        return 255;
    }
    host = argv[1], port = (uint32_t)atoi(argv[2]), user = argv[3];
    count = argc - 6;
    if ((commands = calloc((size_t)count, sizeof *commands)) == NULL)
        return 255;
    for (i = 0; i < count; i++)
        commands[i].text = argv[6 + i];
    if (ssh_key_load_private_file(argv[4], NULL, 0, &key) || ssh_known_hosts_new(&known_hosts) ||
        ssh_known_hosts_load_file(known_hosts, argv[5]) || ssh_event_new(&event) || ssh_ready_new(&ready) ||
        ssh_ready_fd(ready, &fd) || ssh_ready_add_event(ready, event, SSH_READY_DONE, NULL) ||
        ssh_transport_new_address(host, port, NULL, SSH_WAIT_DEFAULT, &transport) ||
        ssh_known_hosts_prefer(known_hosts, host, port, transport) || ssh_transport_start_client_event(transport, event)) {
        complain();
        return 255;
    }
    uv_poll_init(uv_default_loop(), &poll_handle, fd);
    uv_poll_start(&poll_handle, UV_READABLE, on_poll);
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, on_timer, 10, 10);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    fprintf(stderr, "%d ticks of the timer meanwhile\n", ticks);
    for (i = 0; i < count; i++)
        ssh_channel_free(commands[i].channel);
    free(commands);
    ssh_transport_free(transport);
    ssh_event_free(event);
    ssh_ready_free(ready);
    ssh_known_hosts_free(known_hosts);
    ssh_key_free(key);
    uv_loop_close(uv_default_loop());
    return result;
}
