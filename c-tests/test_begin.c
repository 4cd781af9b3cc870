/* One thread begins everything and waits in one place: start, login, openings and requests of two connections at once. */
#include "support.h"

/* The next thing that is ready; its user_data. */
static void *next(ssh_ready_t *ready, uint32_t expected)
{
    uint32_t flags;
    void *user_data;

    CHECK_OK(ssh_ready_next(ready, WAIT_MS, &flags, &user_data));
    CHECK(flags == expected);
    return user_data;
}

static ssh_status_t finish(ssh_ready_t *ready, ssh_channel_t *channel)
{
    ssh_status_t rc;

    CHECK_OK(ssh_ready_add_channel(ready, channel, SSH_READY_DONE, channel));
    CHECK(next(ready, SSH_READY_DONE) == channel);
    rc = ssh_channel_finish(channel);
    CHECK_OK(ssh_ready_remove_channel(ready, channel));
    return rc;
}

/* Starts and logs in two connections side by side. */
static void log_in(ssh_ready_t *ready, ssh_transport_t *transports[2], const ssh_key_t *key)
{
    ssh_event_t *events[2];
    int i, done;

    for (i = 0; i < 2; i++) {
        transports[i] = test_transport(NULL);
        CHECK_OK(ssh_event_new(&events[i]));
        CHECK_OK(ssh_ready_add_event(ready, events[i], SSH_READY_DONE, &events[i]));
        CHECK_OK(ssh_transport_start_client_event(transports[i], events[i]));
    }
    for (done = 0; done < 4; done++) {
        i = (int)((ssh_event_t **)next(ready, SSH_READY_DONE) - events);
        CHECK_OK(ssh_event_clear(events[i]));
        CHECK(ssh_transport_is_active(transports[i]));
        if (ssh_transport_is_authenticated(transports[i]))
            CHECK_OK(ssh_ready_remove_event(ready, events[i]));
        else
            CHECK_OK(ssh_transport_auth_publickey_event(transports[i], setting("SSHRS_TEST_USER"), key, events[i]));
    }
    for (i = 0; i < 2; i++) {
        CHECK(ssh_transport_is_authenticated(transports[i]));
        ssh_event_free(events[i]);
    }
}

static void refusals(ssh_ready_t *ready, ssh_transport_t *transport)
{
    ssh_channel_t *channel, *pending;
    ssh_transport_t *inside;
    ssh_exception_t *e;
    ssh_status_t rc;

    /* A kind of channel that the server does not know: OpenSSH gives this reason whatever is wrong. */
    CHECK_OK(ssh_transport_open_channel_begin(transport, "nonsense", NULL, &channel));
    CHECK_STATUS(finish(ready, channel), SSH_ERR_CHANNEL_CONNECT_FAILED);
    e = ssh_get_exception(transport);
    CHECK(ssh_exception_code(e) == SSH_ERR_CHANNEL_CONNECT_FAILED && ssh_exception_peer_reason(e) == 2);
    ssh_exception_free(e);
    CHECK(ssh_channel_is_closed(channel));
    CHECK_STATUS(ssh_channel_finish(channel), SSH_ERR_INVALID_STATE);
    ssh_channel_free(channel);

    /* Requests go out at once, and are answered in order; a refused one leaves the channel usable. */
    CHECK_OK(ssh_transport_open_session_begin(transport, NULL, &channel));
    CHECK_OK(finish(ready, channel));
    CHECK_OK(ssh_channel_invoke_subsystem_begin(channel, "no-such-subsystem"));
    CHECK_OK(ssh_channel_get_pty_begin(channel, "xterm", 80, 25, 0, 0, NULL, 0));
    CHECK_OK(ssh_channel_invoke_shell_begin(channel));
    CHECK_STATUS(finish(ready, channel), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(finish(ready, channel));
    CHECK_OK(finish(ready, channel));
    CHECK_OK(ssh_channel_close(channel));
    ssh_channel_free(channel);

    /* Nothing is built on one that is not answered; the answer may have come, though. */
    CHECK_OK(ssh_transport_open_session_begin(transport, NULL, &pending));
    rc = ssh_transport_new_channel(pending, NULL, &inside);
    CHECK(rc == SSH_ERR_INVALID_STATE || (rc == SSH_OK && ssh_channel_finish(pending) == SSH_OK));
    ssh_transport_free(inside);
    ssh_channel_free(pending);

    /* Freed and closed without waiting for the answer; one that comes first all the same stands (tests/begin.rs of the
     * engine holds it back). */
    CHECK_OK(ssh_transport_open_session_begin(transport, NULL, &pending));
    ssh_channel_free(pending);
    CHECK_OK(ssh_transport_open_session_begin(transport, NULL, &pending));
    CHECK_OK(ssh_channel_close(pending));
    rc = finish(ready, pending);
    CHECK(rc == SSH_ERR_CHANNEL_CLOSED || rc == SSH_OK);
    CHECK(ssh_channel_is_closed(pending));
    ssh_channel_free(pending);
}

int main(void)
{
    ssh_transport_t *transports[2];
    ssh_channel_t *channels[2];
    ssh_key_t *key = test_key();
    ssh_ready_t *ready;
    ssh_status_t rc;
    uint32_t status;
    char buf[16];
    int i;

    CHECK_OK(ssh_ready_new(&ready));
    log_in(ready, transports, key);
    for (i = 0; i < 2; i++) {
        CHECK_OK(ssh_transport_open_session_begin(transports[i], NULL, &channels[i]));
        rc = ssh_channel_finish(channels[i]);
        CHECK(rc == SSH_PENDING || rc == SSH_OK);
        if (rc == SSH_PENDING) {
            CHECK(!ssh_channel_is_closed(channels[i]));
            /* Unless the answer has come meanwhile: nothing has ended. */
            CHECK(!ssh_channel_exit_status_ready(channels[i]));
            CHECK_STATUS(ssh_channel_recv_exit_status(channels[i], 0, &status), SSH_ERR_TIMEOUT);
            CHECK_OK(finish(ready, channels[i]));
        }
        CHECK_OK(ssh_channel_exec_command_begin(channels[i], "printf hello; exit 7"));
    }
    for (i = 0; i < 2; i++) {
        CHECK_OK(finish(ready, channels[i]));
        CHECK(read_all(channels[i], buf, sizeof buf) == 5 && memcmp(buf, "hello", 5) == 0);
        CHECK_OK(ssh_channel_recv_exit_status(channels[i], WAIT_MS, &status));
        CHECK(status == 7);
    }
    refusals(ready, transports[0]);

    /* The end of the connection answers what was begun. */
    ssh_channel_free(channels[0]);
    CHECK_OK(ssh_transport_open_session_begin(transports[0], NULL, &channels[0]));
    CHECK_OK(ssh_transport_close(transports[0]));
    rc = finish(ready, channels[0]);
    CHECK(rc == SSH_ERR_CLOSED || rc == SSH_OK);
    ssh_channel_free(channels[0]);
    CHECK_STATUS(ssh_transport_open_session_begin(transports[0], NULL, &channels[0]), SSH_ERR_CLOSED);
    CHECK(channels[0] == NULL);
    ssh_channel_free(channels[1]);
    for (i = 0; i < 2; i++)
        ssh_transport_free(transports[i]);
    ssh_ready_free(ready);
    ssh_key_free(key);
    return 0;
}
