/* Handles may be released in any order; what outlives its transport reports itself closed. */
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_connect(), *again;
    ssh_security_options_t *lists;
    ssh_channel_t *channel = test_exec(transport, "sleep 30");
    ssh_channel_t *unused = test_session(transport);
    char buf[8], *text;
    uint32_t status;
    size_t n;

    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_channel_get_transport(channel, &again));
    CHECK(ssh_transport_is_authenticated(again));
    ssh_channel_free(unused);

    /* The lists' handle is not one on the connection's life; the channel's view of the transport neither. */
    ssh_transport_free(transport);
    CHECK(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n) != SSH_OK && n == 0);
    CHECK(ssh_channel_is_closed(channel));
    CHECK(ssh_channel_send(channel, "x", 1, WAIT_MS, &n) < 0);
    CHECK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status) < 0);
    CHECK(!ssh_transport_is_active(again));
    CHECK_OK(ssh_transport_describe(again, &text));
    ssh_string_free(text);
    ssh_channel_free(channel);
    ssh_transport_free(again);
    ssh_security_options_free(lists);

    /* A transport that was never started, and one freed at once after the start began. */
    ssh_transport_free(test_transport(NULL));
    {
        ssh_event_t *event;

        CHECK_OK(ssh_event_new(&event));
        transport = test_transport(NULL);
        CHECK_OK(ssh_transport_start_client_event(transport, event));
        ssh_transport_free(transport);
        CHECK_OK(ssh_event_wait(event, WAIT_MS));
        ssh_event_free(event);
    }
    return 0;
}
