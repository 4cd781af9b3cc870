/* Requests on the transport itself: ignore, keepalive, global requests, new keys. */
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_connect();
    uint8_t *reply;
    size_t len;
    int i;

    CHECK_OK(ssh_transport_send_ignore(transport, 0));
    CHECK_OK(ssh_transport_send_ignore(transport, 1));
    CHECK_OK(ssh_transport_send_ignore(transport, 32768));
    CHECK_STATUS(ssh_transport_send_ignore(transport, 32769), SSH_ERR_INVALID_ARGUMENT);

    CHECK_STATUS(ssh_transport_global_request(transport, "no-such-request@example.org", NULL, 0, true, WAIT_MS, &reply, &len), SSH_ERR_REQUEST_REFUSED);
    CHECK(reply == NULL && len == 0);
    CHECK_OK(ssh_transport_global_request(transport, "no-such-request@example.org", "x", 1, false, WAIT_MS, NULL, NULL));
    CHECK_STATUS(ssh_transport_global_request(transport, "x", NULL, 0, true, WAIT_MS, &reply, NULL), SSH_ERR_INVALID_ARGUMENT);

    /* Keepalives are answered, so the peer stays alive. */
    CHECK_OK(ssh_transport_set_keepalive(transport, 50, 3));
    CHECK_STATUS(ssh_transport_set_keepalive(transport, -1, 3), SSH_ERR_INVALID_ARGUMENT);
    sleep_ms(1000);
    CHECK(ssh_transport_is_active(transport));
    CHECK_OK(ssh_transport_set_keepalive(transport, 0, 0));

    for (i = 0; i < 3; i++)
        CHECK_OK(ssh_transport_renegotiate_keys(transport, WAIT_MS));
    CHECK(ssh_transport_is_active(transport));
    ssh_transport_free(transport);
    return 0;
}
