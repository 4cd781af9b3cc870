/* Algorithm lists: reading, editing, refusing unknown names, and what is negotiated from them. */
#include "support.h"

static void expect(ssh_security_options_t *lists, int32_t list, const char *names)
{
    char *now;

    CHECK_OK(ssh_security_options_get(lists, list, &now));
    if (strcmp(now, names) != 0)
        fprintf(stderr, "list %d is %s\n", (int)list, now);
    CHECK(strcmp(now, names) == 0);
    ssh_string_free(now);
}

static void expect_negotiated(ssh_transport_t *transport, int32_t list, const char *name)
{
    char *now;

    CHECK_OK(ssh_transport_get_negotiated(transport, list, &now));
    CHECK(strcmp(now, name) == 0);
    ssh_string_free(now);
}

int main(void)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_security_options_t *lists;
    ssh_exception_t *e;
    char *text;

    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_security_options_get(lists, SSH_LIST_KEX, &text));
    CHECK(strncmp(text, "mlkem768x25519-sha256,", 22) == 0 && strstr(text, "sha1") == NULL);
    ssh_string_free(text);
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_KEX, "curve25519-sha256"));
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_CIPHER, "aes128-ctr,aes256-ctr"));
    expect(lists, SSH_LIST_CIPHER_S2C, "aes128-ctr,aes256-ctr");
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_CIPHER_S2C, "-aes128*"));
    expect(lists, SSH_LIST_CIPHER_S2C, "aes256-ctr");
    expect(lists, SSH_LIST_CIPHER, "aes128-ctr,aes256-ctr");
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_CIPHER_C2S, "^aes192-ctr"));
    expect(lists, SSH_LIST_CIPHER_C2S, "aes192-ctr,aes128-ctr,aes256-ctr");
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_CIPHER_C2S, "+aes256-cbc"));
    expect(lists, SSH_LIST_CIPHER_C2S, "aes192-ctr,aes128-ctr,aes256-ctr,aes256-cbc");
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_MAC, "hmac-sha2-512"));

    CHECK_STATUS(ssh_security_options_set(lists, SSH_LIST_CIPHER, "aes128-ctr,rot13"), SSH_ERR_UNKNOWN_ALGORITHM);
    e = ssh_get_exception(NULL);
    CHECK(strstr(ssh_exception_text(e), "rot13") != NULL);
    CHECK(strstr(ssh_exception_hint(e), "ssh_security_options_get_known") != NULL);
    ssh_exception_free(e);
    expect(lists, SSH_LIST_CIPHER_C2S, "aes192-ctr,aes128-ctr,aes256-ctr,aes256-cbc");
    CHECK_STATUS(ssh_security_options_set(lists, SSH_LIST_MAC, ""), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_security_options_set(lists, 0, "aes128-ctr"), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_security_options_get(lists, 13, &text), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_security_options_get_known(SSH_LIST_CIPHER, &text));
    CHECK(strstr(text, "3des-cbc") != NULL);
    ssh_string_free(text);
    CHECK_OK(ssh_security_options_describe(lists, &text));
    CHECK(strstr(text, "kex: curve25519-sha256\n") != NULL);
    ssh_string_free(text);

    CHECK_STATUS(ssh_transport_get_negotiated(transport, SSH_LIST_KEX, &text), SSH_ERR_INVALID_STATE);
    test_log_in(transport);
    CHECK_STATUS(ssh_security_options_set(lists, SSH_LIST_KEX, "curve25519-sha256"), SSH_ERR_INVALID_STATE);
    expect_negotiated(transport, SSH_LIST_KEX, "curve25519-sha256");
    expect_negotiated(transport, SSH_LIST_CIPHER_C2S, "aes192-ctr");
    expect_negotiated(transport, SSH_LIST_CIPHER_S2C, "aes256-ctr");
    expect_negotiated(transport, SSH_LIST_MAC, "hmac-sha2-512");
    expect_negotiated(transport, SSH_LIST_COMPRESSION, "none");
    ssh_security_options_free(lists);
    ssh_transport_free(transport);

    /* An AEAD cipher needs no common MAC. */
    transport = test_transport(NULL);
    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_CIPHER, "aes256-gcm@openssh.com"));
    ssh_security_options_free(lists);
    test_log_in(transport);
    expect_negotiated(transport, SSH_LIST_MAC, "<implicit>");
    ssh_transport_free(transport);
    return 0;
}
