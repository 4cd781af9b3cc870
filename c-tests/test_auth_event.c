/* Starting and logging in without waiting: the event tells when, the transport how. */
#include "support.h"

int main(void)
{
    const char *user = setting("SSHRS_TEST_USER");
    ssh_transport_t *transport = test_transport(NULL);
    ssh_key_t *key = test_key();
    ssh_event_t *event;
    ssh_exception_t *e;

    CHECK_OK(ssh_event_new(&event));
    CHECK_OK(ssh_transport_start_client_event(transport, event));
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    CHECK(ssh_transport_is_active(transport));
    CHECK_STATUS(ssh_transport_start_client_event(transport, event), SSH_ERR_INVALID_STATE);

    CHECK_OK(ssh_event_clear(event));
    CHECK_OK(ssh_transport_auth_password_event(transport, user, "wrong", 5, event));
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    CHECK(!ssh_transport_is_authenticated(transport));
    e = ssh_get_exception(transport);
    CHECK(ssh_exception_code(e) == SSH_ERR_AUTH_FAILED || ssh_exception_code(e) == SSH_ERR_AUTH_METHOD_NOT_ALLOWED);
    ssh_exception_free(e);

    CHECK_OK(ssh_event_clear(event));
    CHECK_OK(ssh_transport_auth_publickey_event(transport, user, key, event));
    /* One at a time, whether or not it is over already. */
    CHECK_STATUS(ssh_transport_auth_publickey_event(transport, user, key, event), SSH_ERR_INVALID_STATE);
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    CHECK(ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);

    /* A transport that dies sets the event too. */
    CHECK_OK(ssh_event_clear(event));
    transport = test_transport(NULL);
    CHECK_OK(ssh_transport_start_client_event(transport, event));
    CHECK_OK(ssh_transport_close(transport));
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    CHECK(!ssh_transport_is_active(transport));
    ssh_transport_free(transport);
    ssh_event_free(event);
    ssh_key_free(key);
    return 0;
}
