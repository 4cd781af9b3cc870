/* A program of somebody else's, built against the installed library. */
#include <sshrs.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    ssh_transport_t *transport = NULL;
    ssh_status_t rc = ssh_transport_new_host("localhost:1", NULL, 5000, &transport);

    printf("sshrs %s: %s\n", ssh_version(), ssh_status_name(rc));
    ssh_transport_free(transport);
    return strcmp(ssh_version(), SSHRS_VERSION) == 0 && rc == SSH_ERR_CONNECT_FAILED ? 0 : 1;
}
