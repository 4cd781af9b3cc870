#include "certificate.h"

#include <stdio.h>
#include <unistd.h>

#include "report.h"

ssh_key_t *certificate_join(const ssh_key_t *key, const char *path)
{
    ssh_cert_t *cert = NULL;
    ssh_key_t *joined = NULL;
    ssh_status_t rc = ssh_cert_load_file(path, &cert);

    if (rc == SSH_OK)
        rc = ssh_key_with_certificate(key, cert, &joined);
    if (rc != SSH_OK && rc != SSH_ERR_CERT_KEY_MISMATCH)
        report_failure(path, rc);
    ssh_cert_free(cert);
    return joined;
}

ssh_key_t *certificate_join_beside(const ssh_key_t *key, const char *key_path)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof path, "%s-cert.pub", key_path) >= sizeof path || access(path, F_OK) != 0)
        return NULL;
    return certificate_join(key, path);
}
