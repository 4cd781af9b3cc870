/* Every function with a timeout_ms, where it has to wait because the peer is not heard: with 0 and 50 ms it gives up in
 * time and nothing is lost, without a bound it waits until the peer answers, and a close from another thread wakes it.
 * tests/header.rs checks that the table has every such function of sshrs.h. Also run under ThreadSanitizer
 * (scripts/tsan.sh). */
#include "server/grant.h"
#include "server/link.h"
#include <fcntl.h>

/* The window of every channel, so that it is soon full. */
#define WINDOW 32768

/* ---- A case and its surroundings ---------------------------------------------------------------------------------- */

/* How far the two ends get before the link stalls. */
typedef enum phase { NOTHING, UNSTARTED, NEGOTIATED, OPEN } phase_t;

typedef struct wait_case wait_case_t;

typedef struct place {
    const wait_case_t *kind;
    link_t link;
    ssh_transport_t *client, *server;
    ssh_channel_t *ours, *theirs; /* the client's and the server's end of one session */
    ssh_event_t *event;           /* of the start that is not waited for, or is waited for by means of it */
    ssh_relay_t *relay;
    ssh_agent_t *agent;
    ssh_agent_server_t *keyring; /* behind it, at the other end of the session */
    int relayed; /* the relay's other side */
    int listener, fillers[4];
    uint32_t port;
    ssh_status_t status;
    atomic_bool done;
} place_t;

struct wait_case {
    const char *name;
    phase_t phase;
    ssh_status_t (*call)(place_t *place, int64_t timeout_ms);
    void (*prepare)(place_t *place); /* may be NULL; behind the stalled link */
    ssh_status_t closed;             /* the outcome when the transport is closed */
    ssh_status_t channel_closed;     /* the same for the channel, of calls on channels */
    bool by_server;                  /* the server waits */
    bool ends;                       /* expiry ends the transport */
};

/* For calls that are not on a channel. */
#define NO_CHANNEL SSH_OK

/* ---- The calls ---------------------------------------------------------------------------------------------------- */

#define CALL(function) static ssh_status_t call_##function(place_t *p, int64_t timeout_ms)

/* A call that opens a channel, or gives one; what it gave is freed again. */
#define OPENS(function, transport, ...)                                                            \
    CALL(function)                                                                                 \
    {                                                                                              \
        ssh_channel_options_t to = SSH_CHANNEL_OPTIONS_INIT;                                       \
        ssh_channel_t *channel;                                                                    \
        ssh_status_t rc;                                                                           \
                                                                                                   \
        to.dest_host = "127.0.0.1";                                                                \
        to.dest_port = 4242;                                                                       \
        (void)to;                                                                                  \
        rc = ssh_##function(p->transport, ##__VA_ARGS__, timeout_ms, &channel);                    \
        CHECK((rc == SSH_OK) == (channel != NULL));                                                \
        ssh_channel_free(channel);                                                                 \
        return rc;                                                                                 \
    }

OPENS(transport_open_session, client, NULL)
OPENS(transport_open_channel, client, "session", &to)
OPENS(transport_open_forwarded_tcpip_channel, server, &to)
OPENS(transport_open_x11_channel, server, &to)
OPENS(transport_open_forward_agent_channel, server, NULL)
OPENS(transport_accept, server)

/* A call with nothing between the handle and the time. */
#define PLAIN(function, handle, ...)                                                               \
    CALL(function)                                                                                 \
    {                                                                                              \
        return ssh_##function(p->handle, ##__VA_ARGS__, timeout_ms);                               \
    }

PLAIN(event_wait, event)
PLAIN(transport_start_client, client)
PLAIN(transport_start_server, server, NULL)
PLAIN(transport_renegotiate_keys, client)
PLAIN(transport_cancel_port_forward, client, "127.0.0.1", 4242)
PLAIN(transport_request_streamlocal_forward, client, "/b", NULL)
PLAIN(transport_cancel_streamlocal_forward, client, "/a")
PLAIN(channel_get_pty, ours, "xterm", 80, 24, 0, 0, NULL, 0)
PLAIN(channel_invoke_shell, ours)
PLAIN(channel_exec_command, ours, "x")
PLAIN(channel_invoke_subsystem, ours, "x")
PLAIN(channel_send_break, ours, 500)
PLAIN(channel_request_forward_agent, ours)

CALL(ready_next)
{
    ssh_ready_t *ready;
    uint32_t flags;
    void *user_data;
    ssh_status_t rc;

    CHECK_OK(ssh_ready_new(&ready));
    CHECK_OK(ssh_ready_add_event(ready, p->event, SSH_READY_DONE, p));
    rc = ssh_ready_next(ready, timeout_ms, &flags, &user_data);
    CHECK(rc == SSH_OK ? flags == SSH_READY_DONE && user_data == p : user_data == NULL);
    ssh_ready_free(ready);
    return rc;
}

static ssh_status_t no_answer(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    (void)user_data, (void)prompts, (void)answers;
    return SSH_OK;
}

static ssh_key_t *user_key;

/* Authentication; the methods left are not asked for. */
#define LOGS_IN(function, ...)                                                                     \
    CALL(function)                                                                                 \
    {                                                                                              \
        return ssh_##function(p->client, "user", ##__VA_ARGS__, timeout_ms, NULL);                 \
    }

LOGS_IN(transport_auth_none)
LOGS_IN(transport_auth_password, "secret", 6, NULL)
LOGS_IN(transport_auth_publickey, user_key)
LOGS_IN(transport_auth_interactive, NULL, no_answer, NULL)
LOGS_IN(transport_auth_interactive_dumb, NULL)

/* An agent on this machine, whose peer is heard. */
static ssh_agent_t *user_agent;

LOGS_IN(transport_auth_agent, user_agent, NULL)
PLAIN(transport_auth_publickey_query, client, "user", user_key)

PLAIN(agent_add, agent, user_key, NULL)
PLAIN(agent_remove, agent, user_key)
PLAIN(agent_remove_all, agent)
PLAIN(agent_lock, agent, "x", 1)
PLAIN(agent_unlock, agent, "x", 1)
PLAIN(agent_bind_session, agent, p->client, true)

CALL(agent_list)
{
    ssh_agent_keys_t *keys;
    ssh_status_t rc = ssh_agent_list(p->agent, timeout_ms, &keys);

    CHECK((rc == SSH_OK) == (keys != NULL));
    ssh_agent_keys_free(keys);
    return rc;
}

CALL(agent_extension)
{
    uint8_t *answer;
    size_t n;
    ssh_status_t rc = ssh_agent_extension(p->agent, "query", NULL, 0, timeout_ms, &answer, &n);

    CHECK((rc == SSH_OK) == (n > 0));
    ssh_bytes_free(answer);
    return rc;
}

CALL(transport_connect)
{
    ssh_connect_options_t options = SSH_CONNECT_OPTIONS_INIT;

    options.hostkey_policy = SSH_HOSTKEY_ANY;
    return ssh_transport_connect(p->client, &options, timeout_ms);
}

static ssh_status_t connected(ssh_status_t rc, ssh_transport_t *transport)
{
    CHECK((rc == SSH_OK) == (transport != NULL));
    ssh_transport_free(transport);
    return rc;
}

CALL(transport_new_host)
{
    ssh_transport_t *transport;
    ssh_status_t rc;
    char host[32];

    snprintf(host, sizeof host, "127.0.0.1:%u", (unsigned)p->port);
    rc = ssh_transport_new_host(host, NULL, timeout_ms, &transport);
    return connected(rc, transport);
}

CALL(transport_new_address)
{
    ssh_transport_t *transport;
    ssh_status_t rc;

    rc = ssh_transport_new_address("127.0.0.1", p->port, NULL, timeout_ms, &transport);
    return connected(rc, transport);
}

CALL(transport_global_request)
{
    return ssh_transport_global_request(p->client, "x", NULL, 0, true, timeout_ms, NULL, NULL);
}

CALL(transport_request_port_forward)
{
    return ssh_transport_request_port_forward(p->client, "127.0.0.1", 4243, NULL, timeout_ms, NULL);
}

CALL(channel_request_x11)
{
    return ssh_channel_request_x11(p->ours, false, NULL, NULL, 0, timeout_ms, NULL);
}

PLAIN(channel_replace_x11_cookie, ours, "x", "00ff", NULL)

CALL(channel_recv_exit_status)
{
    uint32_t status;

    return ssh_channel_recv_exit_status(p->ours, timeout_ms, &status);
}

CALL(channel_recv_exit_signal)
{
    char *signal;
    ssh_status_t rc = ssh_channel_recv_exit_signal(p->ours, timeout_ms, &signal, NULL, NULL);

    CHECK(signal == NULL);
    return rc;
}

CALL(channel_exec_collect)
{
    ssh_exec_result_t *result;
    ssh_status_t rc = ssh_channel_exec_collect(p->ours, "x", "in", 2, 0, timeout_ms, &result);

    CHECK((rc == SSH_OK) == (result != NULL));
    ssh_exec_result_free(result);
    return rc;
}

PLAIN(relay_wait, relay)

#define RECEIVES(function)                                                                         \
    CALL(function)                                                                                 \
    {                                                                                              \
        char buf[8];                                                                               \
        size_t n;                                                                                  \
        ssh_status_t rc = ssh_##function(p->ours, buf, sizeof buf, timeout_ms, &n);                \
                                                                                                   \
        CHECK((rc == SSH_OK) == (n > 0));                                                          \
        return rc;                                                                                 \
    }

RECEIVES(channel_recv)
RECEIVES(channel_recv_stderr)

static const char data[4 * WINDOW];

/* Sends into a window that is full, see fill_*; `whole` is everything, which does not fit. */
#define SENDS(function, channel, whole)                                                            \
    CALL(function)                                                                                 \
    {                                                                                              \
        size_t n;                                                                                  \
        ssh_status_t rc = ssh_##function(p->channel, data, sizeof data, timeout_ms, &n);           \
                                                                                                   \
        CHECK(rc == SSH_OK ? (whole ? n == sizeof data : n > 0) : n < sizeof data);                \
        return rc;                                                                                 \
    }

SENDS(channel_send, ours, false)
SENDS(channel_sendall, ours, true)
SENDS(channel_send_stderr, theirs, false)
SENDS(channel_sendall_stderr, theirs, true)

/* ---- What the other end does, or was done before, behind the stalled link ----------------------------------------- */

static void prepare_fill(place_t *p)
{
    size_t n;
    ssh_status_t rc;

    do
        rc = ssh_channel_send(p->kind->by_server ? p->theirs : p->ours, data, sizeof data, 0, &n);
    while (rc == SSH_OK);
    CHECK_STATUS(rc, SSH_ERR_TIMEOUT);
}

/* A command's whole output. */
static void prepare_output(place_t *p)
{
    CHECK_OK(ssh_channel_sendall(p->theirs, "out", 3, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_sendall_stderr(p->theirs, "err", 3, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_send_exit_status(p->theirs, 0));
    CHECK_OK(ssh_channel_close(p->theirs));
}

/* The start of an X11 connection, little end first. */
static void prepare_x11(place_t *p)
{
    CHECK_OK(ssh_channel_sendall(p->theirs, "l\0\013\0\0\0\001\0\002\0\0\0x\0\0\0\0\377\0\0", 20, WAIT_MS, NULL));
}

static void prepare_open(place_t *p)
{
    ssh_channel_t *channel;

    CHECK_STATUS(ssh_transport_open_session(p->client, NULL, 0, &channel), SSH_ERR_TIMEOUT);
}

static void prepare_server(place_t *p)
{
    CHECK_OK(ssh_transport_start_server_event(p->server, NULL, p->event));
}

static void prepare_client(place_t *p)
{
    CHECK_OK(ssh_transport_start_client_event(p->client, p->event));
}

static void prepare_both(place_t *p)
{
    prepare_client(p);
    CHECK_OK(ssh_transport_start_server_event(p->server, NULL, NULL));
}

/* Everything is said on both sides, once the link carries it. */
static void prepare_relay(place_t *p)
{
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && shutdown(fds[1], SHUT_WR) == 0);
    p->relayed = fds[1];
    CHECK_OK(ssh_relay_new_fd(p->ours, fds[0], fds[0], NULL, &p->relay));
    prepare_output(p);
}

static void prepare_agent(place_t *p)
{
    CHECK_OK(ssh_agent_server_new(NULL, &p->keyring));
    CHECK_OK(ssh_agent_server_add(p->keyring, user_key, NULL));
    CHECK_OK(ssh_agent_server_serve_channel(p->keyring, p->theirs, NULL));
    CHECK_OK(ssh_agent_connect_channel(p->ours, &p->agent));
    /* From here on the keyring reads it. */
    ssh_channel_free(p->theirs);
    p->theirs = NULL;
}

static void prepare_locked_agent(place_t *p)
{
    prepare_agent(p);
    CHECK_OK(ssh_agent_server_lock(p->keyring, "x", 1));
}

/* ---- The table ---------------------------------------------------------------------------------------------------- */

#define CASE(function, ...) {"ssh_" #function, __VA_ARGS__}
#define ASKS(function) CASE(function, OPEN, call_##function, NULL, SSH_ERR_CLOSED, NO_CHANNEL, false, false)
#define ASKS_CLIENT(function) CASE(function, OPEN, call_##function, NULL, SSH_ERR_CLOSED, NO_CHANNEL, true, false)
#define CHANNEL(function) CASE(function, OPEN, call_##function, NULL, SSH_ERR_CLOSED, SSH_ERR_CHANNEL_CLOSED, false, false)
#define AGENT(function) CASE(function, OPEN, call_##function, prepare_agent, SSH_ERR_CLOSED, NO_CHANNEL, false, false)
#define LOGIN(function) CASE(function, NEGOTIATED, call_##function, NULL, SSH_ERR_CLOSED, NO_CHANNEL, false, false)

static const wait_case_t CASES[] = {
    /* There is no transport yet: the peer's listener is closed. */
    CASE(transport_new_host, NOTHING, call_transport_new_host, NULL, SSH_ERR_CONNECT_FAILED, NO_CHANNEL, false, false),
    CASE(transport_new_address, NOTHING, call_transport_new_address, NULL, SSH_ERR_CONNECT_FAILED, NO_CHANNEL, false, false),
    /* Set when the negotiation is over, well or not. */
    CASE(event_wait, UNSTARTED, call_event_wait, prepare_both, SSH_OK, NO_CHANNEL, false, false),
    CASE(ready_next, UNSTARTED, call_ready_next, prepare_both, SSH_OK, NO_CHANNEL, false, false),
    CASE(transport_start_client, UNSTARTED, call_transport_start_client, prepare_server, SSH_ERR_CLOSED, NO_CHANNEL, false, true),
    CASE(transport_connect, UNSTARTED, call_transport_connect, prepare_server, SSH_ERR_CLOSED, NO_CHANNEL, false, true),
    CASE(transport_start_server, UNSTARTED, call_transport_start_server, prepare_client, SSH_ERR_CLOSED, NO_CHANNEL, true, true),
    LOGIN(transport_auth_none),
    LOGIN(transport_auth_password),
    LOGIN(transport_auth_publickey),
    LOGIN(transport_auth_publickey_query),
    LOGIN(transport_auth_agent),
    LOGIN(transport_auth_interactive),
    LOGIN(transport_auth_interactive_dumb),
    ASKS(transport_open_session),
    ASKS(transport_open_channel),
    ASKS_CLIENT(transport_open_forwarded_tcpip_channel),
    ASKS_CLIENT(transport_open_x11_channel),
    ASKS_CLIENT(transport_open_forward_agent_channel),
    CASE(transport_accept, OPEN, call_transport_accept, prepare_open, SSH_ERR_CLOSED, NO_CHANNEL, true, false),
    ASKS(transport_renegotiate_keys),
    ASKS(transport_global_request),
    ASKS(transport_request_port_forward),
    ASKS(transport_cancel_port_forward),
    ASKS(transport_request_streamlocal_forward),
    ASKS(transport_cancel_streamlocal_forward),
    CHANNEL(channel_get_pty),
    CHANNEL(channel_invoke_shell),
    CHANNEL(channel_exec_command),
    CHANNEL(channel_invoke_subsystem),
    CHANNEL(channel_send_break),
    CHANNEL(channel_request_x11),
    CASE(channel_replace_x11_cookie, OPEN, call_channel_replace_x11_cookie, prepare_x11, SSH_ERR_CLOSED, SSH_ERR_CHANNEL_CLOSED, false, false),
    CHANNEL(channel_request_forward_agent),
    CHANNEL(channel_exec_collect),
    CASE(channel_recv_exit_status, OPEN, call_channel_recv_exit_status, prepare_output, SSH_ERR_CLOSED, SSH_ERR_NO_EXIT_STATUS, false, false),
    CASE(channel_recv_exit_signal, OPEN, call_channel_recv_exit_signal, prepare_output, SSH_ERR_CLOSED, SSH_OK, false, false),
    CASE(channel_recv, OPEN, call_channel_recv, prepare_output, SSH_ERR_CLOSED, SSH_EOF, false, false),
    CASE(channel_recv_stderr, OPEN, call_channel_recv_stderr, prepare_output, SSH_ERR_CLOSED, SSH_EOF, false, false),
    CASE(relay_wait, OPEN, call_relay_wait, prepare_relay, SSH_ERR_CLOSED, NO_CHANNEL, false, false),
    AGENT(agent_list),
    AGENT(agent_add),
    AGENT(agent_remove),
    AGENT(agent_remove_all),
    AGENT(agent_lock),
    CASE(agent_unlock, OPEN, call_agent_unlock, prepare_locked_agent, SSH_ERR_CLOSED, NO_CHANNEL, false, false),
    AGENT(agent_extension),
    AGENT(agent_bind_session),
    CASE(channel_send, OPEN, call_channel_send, prepare_fill, SSH_ERR_CLOSED, SSH_ERR_CHANNEL_CLOSED, false, false),
    CASE(channel_sendall, OPEN, call_channel_sendall, prepare_fill, SSH_ERR_CLOSED, SSH_ERR_CHANNEL_CLOSED, false, false),
    CASE(channel_send_stderr, OPEN, call_channel_send_stderr, prepare_fill, SSH_ERR_CLOSED, SSH_ERR_CHANNEL_CLOSED, true, false),
    CASE(channel_sendall_stderr, OPEN, call_channel_sendall_stderr, prepare_fill, SSH_ERR_CLOSED, SSH_ERR_CHANNEL_CLOSED, true, false),
};

/* ---- Setting a case up -------------------------------------------------------------------------------------------- */

/* A listener whose queue is full: who connects to it waits. */
static void fill_listener(place_t *p)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int i;

    p->listener = listen_local(&p->port);
    CHECK(listen(p->listener, 0) == 0 && fcntl(p->listener, F_SETFL, O_NONBLOCK) == 0);
    CHECK(getsockname(p->listener, (struct sockaddr *)&at, &len) == 0);
    for (i = 0; i < 4; i++) {
        p->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(p->fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    sleep_ms(10);
}

static void negotiate(place_t *p)
{
    ssh_server_hooks_t hooks = granting_hooks();

    CHECK_OK(ssh_transport_start_server_event(p->server, &hooks, p->event));
    CHECK_OK(ssh_transport_start_client(p->client, WAIT_MS));
    CHECK_OK(ssh_event_wait(p->event, WAIT_MS));
}

/* Logged in, with a session, and everything asked for that the server may come back to. */
static void open_session(place_t *p)
{
    CHECK_OK(log_in(p->client, "secret"));
    p->ours = test_session(p->client);
    p->theirs = accept_channel(p->server);
    CHECK_OK(ssh_transport_request_port_forward(p->client, "127.0.0.1", 4242, NULL, WAIT_MS, NULL));
    CHECK_OK(ssh_transport_request_streamlocal_forward(p->client, "/a", NULL, WAIT_MS));
    CHECK_OK(ssh_channel_request_x11(p->ours, false, NULL, NULL, 0, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_request_forward_agent(p->ours, WAIT_MS));
}

static void place_open(place_t *p, const wait_case_t *kind)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;

    memset(p, 0, sizeof *p);
    p->kind = kind;
    p->listener = -1;
    if (kind->phase == NOTHING) {
        fill_listener(p);
        return;
    }
    options.window = WINDOW;
    options.close_timeout_ms = 50; /* nobody is there to close in turn */
    link_open(&p->link);
    CHECK_OK(ssh_event_new(&p->event));
    CHECK_OK(ssh_transport_new_fd(p->link.ours[0], &options, &p->client));
    CHECK_OK(ssh_transport_new_fd(p->link.theirs[0], &options, &p->server));
    CHECK_OK(ssh_transport_add_server_key(p->server, host_key()));
    if (kind->phase >= NEGOTIATED)
        negotiate(p);
    if (kind->phase == OPEN)
        open_session(p);
    link_stall(&p->link);
    if (kind->prepare != NULL)
        kind->prepare(p);
}

static void place_close(place_t *p)
{
    int i;

    ssh_relay_free(p->relay);
    ssh_agent_free(p->agent);
    ssh_agent_server_free(p->keyring);
    if (p->relayed > 0)
        close(p->relayed);
    ssh_channel_free(p->ours);
    ssh_channel_free(p->theirs);
    ssh_transport_free(p->client);
    ssh_transport_free(p->server);
    ssh_event_free(p->event);
    if (p->kind->phase != NOTHING) {
        link_close(&p->link);
        return;
    }
    close(p->listener);
    for (i = 0; i < 4; i++)
        close(p->fillers[i]);
}

/* ---- The four ways ------------------------------------------------------------------------------------------------ */

static int failed;

static void check_outcome(const place_t *p, const char *way, ssh_status_t status, ssh_status_t expected)
{
    if (status == expected)
        return;
    fprintf(stderr, "%s, %s: %s, not %s\n", p->kind->name, way, ssh_status_name(status), ssh_status_name(expected));
    failed = 1;
}

/* Gives up in time, and the connection goes on unless the function's comment says otherwise. */
static void expires(const wait_case_t *kind, int64_t timeout_ms)
{
    place_t p;
    int64_t began, took;

    place_open(&p, kind);
    began = now_ms();
    check_outcome(&p, "deadline", kind->call(&p, timeout_ms), SSH_ERR_TIMEOUT);
    took = now_ms() - began;
    CHECK(took >= timeout_ms && took < 5000);
    if (kind->phase >= NEGOTIATED)
        CHECK(ssh_transport_is_active(kind->by_server ? p.server : p.client));
    else if (kind->ends)
        check_outcome(&p, "after its end", kind->call(&p, SSH_WAIT_FOREVER), SSH_ERR_TIMEOUT);
    place_close(&p);
}

static void *wait_forever(void *arg)
{
    place_t *p = arg;

    p->status = p->kind->call(p, SSH_WAIT_FOREVER);
    p->done = true;
    return NULL;
}

static pthread_t begin_waiting(place_t *p)
{
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, wait_forever, p) == 0);
    sleep_ms(60);
    if (p->done) {
        fprintf(stderr, "%s did not wait: %s\n", p->kind->name, ssh_status_name(p->status));
        exit(1);
    }
    return thread;
}

/* The peer's application: takes connections and data, and ends a command whose input is over. */
static void serve(place_t *p)
{
    ssh_channel_t *end = p->kind->by_server ? p->ours : p->theirs;
    static char buf[WINDOW];
    size_t n;

    if (p->kind->phase == NOTHING)
        close(accept(p->listener, NULL, NULL));
    if (end == NULL) {
        sleep_ms(5);
        return;
    }
    while (ssh_channel_recv_stderr(end, buf, sizeof buf, 0, &n) == SSH_OK)
        ;
    if (ssh_channel_recv(end, buf, sizeof buf, 5, &n) == SSH_EOF) {
        ssh_channel_send_exit_status(end, 0);
        ssh_channel_close(end);
        sleep_ms(5);
    }
}

static void is_answered(const wait_case_t *kind)
{
    place_t p;
    pthread_t thread;
    int64_t end = now_ms() + WAIT_MS;

    place_open(&p, kind);
    thread = begin_waiting(&p);
    p.link.stall = false;
    while (!p.done) {
        serve(&p);
        CHECK(now_ms() < end);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    check_outcome(&p, "answered", p.status, SSH_OK);
    place_close(&p);
}

static void is_closed(const wait_case_t *kind, bool channel)
{
    place_t p;
    pthread_t thread;

    place_open(&p, kind);
    thread = begin_waiting(&p);
    if (kind->phase == NOTHING) {
        CHECK(shutdown(p.listener, SHUT_RDWR) == 0);
    } else if (channel) {
        CHECK_OK(ssh_channel_close(kind->by_server ? p.theirs : p.ours));
    } else {
        CHECK_OK(ssh_transport_close(kind->by_server ? p.server : p.client));
    }
    CHECK(pthread_join(thread, NULL) == 0);
    check_outcome(&p, channel ? "channel closed" : "closed", p.status, channel ? kind->channel_closed : kind->closed);
    if (channel)
        CHECK(ssh_transport_is_active(kind->by_server ? p.server : p.client));
    place_close(&p);
}

int main(void)
{
    ssh_agent_server_t *keyring;
    char path[64];
    size_t i;

    (void)host_key();
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &user_key));
    snprintf(path, sizeof path, "/tmp/sshrs-wait-%ld", (long)getpid());
    CHECK_OK(ssh_agent_server_new(NULL, &keyring));
    CHECK_OK(ssh_agent_server_add(keyring, user_key, NULL));
    CHECK_OK(ssh_agent_server_listen(keyring, path, NULL));
    CHECK_OK(ssh_agent_connect(path, &user_agent));
    for (i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        expires(&CASES[i], 0);
        expires(&CASES[i], 50);
        is_answered(&CASES[i]);
        is_closed(&CASES[i], false);
        if (strncmp(CASES[i].name, "ssh_channel_", 12) == 0)
            is_closed(&CASES[i], true);
    }
    ssh_agent_free(user_agent);
    ssh_agent_server_free(keyring);
    ssh_key_free(user_key);
    ssh_key_free(host_key());
    return failed;
}
