/* An X11 request reaches its hook with every value, and the server opens x11 and agent channels to the client, who gets the
 * display's cookie in place of the one that was sent, or nothing. */
#include "server.h"

static int32_t x11(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, bool single_connection, const char *auth_protocol, const char *auth_cookie, uint32_t screen)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(strcmp(auth_protocol, "MIT-MAGIC-COOKIE-1") == 0 && strcmp(auth_cookie, "00ff") == 0);
    return single_connection && screen == 7 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static int32_t agent(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel)
{
    (void)user_data, (void)ticket, (void)channel;
    return SSH_REQUEST_GRANTED;
}

static void open_back(pair_t *pair, const char *kind)
{
    ssh_channel_options_t from = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *ours, *theirs;
    char *got, buf[4];

    from.src_host = "127.0.0.1";
    from.src_port = 6010;
    CHECK_OK(ssh_transport_open_channel(pair->server, kind, &from, WAIT_MS, &theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    CHECK_OK(ssh_channel_get_kind(ours, &got));
    CHECK(strcmp(got, kind) == 0);
    ssh_string_free(got);
    CHECK_OK(ssh_channel_sendall(theirs, "hi", 2, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(theirs));
    CHECK(read_all(ours, buf, sizeof buf) == 2);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
}

/* An X11 connection's first packet, little end first, with the cookie "00ff". */
static const char SETUP[] = "l\0\013\0\0\0\022\0\002\0\0\0MIT-MAGIC-COOKIE-1\0\0\0\377\0\0";
static const char TO_DISPLAY[] = "l\0\013\0\0\0\022\0\003\0\0\0MIT-MAGIC-COOKIE-1\0\0\001\002\003\0";
#define SETUP_LEN (sizeof SETUP - 1)

static void *send_rest(void *channel)
{
    size_t i;

    for (i = 30; i < SETUP_LEN; i++) {
        sleep_ms(2);
        CHECK_OK(ssh_channel_sendall(channel, SETUP + i, 1, WAIT_MS, NULL));
    }
    CHECK_OK(ssh_channel_sendall(channel, "more", 4, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    return NULL;
}

static void open_x11(pair_t *pair, ssh_channel_t **ours, ssh_channel_t **theirs)
{
    CHECK_OK(ssh_transport_open_x11_channel(pair->server, NULL, WAIT_MS, theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, ours));
}

/* The setup comes in pieces; a call that gave up for want of time takes nothing. */
static void check_right_cookie(pair_t *pair)
{
    ssh_channel_t *ours, *theirs;
    pthread_t thread;
    char buf[100];

    open_x11(pair, &ours, &theirs);
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, "00f", NULL, 0), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, "00fg", NULL, 0), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, "00ff", "0", 0), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, NULL, NULL, 0), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, "00ff", NULL, 0), SSH_ERR_TIMEOUT);
    CHECK_OK(ssh_channel_sendall(theirs, SETUP, 30, WAIT_MS, NULL));
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, "00ff", "010203", 50), SSH_ERR_TIMEOUT);
    CHECK(pthread_create(&thread, NULL, send_rest, theirs) == 0);
    CHECK_OK(ssh_channel_replace_x11_cookie(ours, "MIT-MAGIC-COOKIE-1", "00FF", "010203", WAIT_MS));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(read_all(ours, buf, sizeof buf) == SETUP_LEN + 4);
    CHECK(memcmp(buf, TO_DISPLAY, SETUP_LEN) == 0 && memcmp(buf + SETUP_LEN, "more", 4) == 0);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
}

/* A display that wants no cookie gets none. */
static void check_no_cookie(pair_t *pair)
{
    ssh_channel_t *ours, *theirs;
    char buf[100];

    open_x11(pair, &ours, &theirs);
    CHECK_OK(ssh_channel_sendall(theirs, SETUP, SETUP_LEN, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_replace_x11_cookie(ours, NULL, "00ff", NULL, WAIT_MS));
    CHECK_OK(ssh_channel_shutdown_write(theirs));
    CHECK(read_all(ours, buf, sizeof buf) == 12 && memcmp(buf, "l\0\013\0\0\0\0\0\0\0\0\0", 12) == 0);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
}

/* Without the cookie the channel ends, and nothing of it reaches the display. */
static void check_wrong_cookie(pair_t *pair, const char *sent, size_t len)
{
    ssh_channel_t *ours, *theirs;
    char buf[100];
    size_t n;

    open_x11(pair, &ours, &theirs);
    CHECK_OK(ssh_channel_sendall(theirs, sent, len, WAIT_MS, NULL));
    if (len < 12)
        CHECK_OK(ssh_channel_shutdown_write(theirs));
    CHECK_STATUS(ssh_channel_replace_x11_cookie(ours, NULL, "00fe", "010203", WAIT_MS), SSH_ERR_X11_COOKIE);
    CHECK(ssh_channel_is_closed(ours));
    CHECK_STATUS(ssh_channel_recv(ours, buf, sizeof buf, WAIT_MS, &n), SSH_EOF);
    CHECK_STATUS(ssh_channel_recv(theirs, buf, sizeof buf, WAIT_MS, &n), SSH_EOF);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *session, *unasked;
    pair_t pair;

    hooks.check_channel_x11_request = x11;
    hooks.check_channel_forward_agent_request = agent;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    session = test_session(pair.client);
    CHECK(ssh_transport_open_channel(pair.server, "x11", NULL, WAIT_MS, &unasked) < 0);
    CHECK_STATUS(ssh_channel_request_x11(session, false, NULL, "00ff", 7, WAIT_MS, NULL), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    open_back(&pair, "x11");
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    check_right_cookie(&pair);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    check_no_cookie(&pair);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    check_wrong_cookie(&pair, SETUP, SETUP_LEN);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    check_wrong_cookie(&pair, SETUP, 11);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    check_wrong_cookie(&pair, "GET / HTTP/1.0\r\n", 16);
    CHECK_OK(ssh_channel_request_forward_agent(session, WAIT_MS));
    open_back(&pair, "auth-agent@openssh.com");
    ssh_channel_free(session);
    pair_free(&pair);
    return 0;
}
