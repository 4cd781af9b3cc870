
/* ==== Initial values of structs ===================================================================================== */

#define SSH_TRANSPORT_OPTIONS_INIT \
    { sizeof(ssh_transport_options_t), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0, 0 }
#define SSH_STREAM_INIT \
    { sizeof(ssh_stream_t), NULL, NULL, NULL, NULL, NULL, NULL }
#define SSH_CONNECT_OPTIONS_INIT \
    { sizeof(ssh_connect_options_t), NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, 0, NULL, NULL }
#define SSH_CONNECT_ALIAS_OPTIONS_INIT \
    { sizeof(ssh_connect_alias_options_t), NULL, NULL, 0, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL }
#define SSH_CHANNEL_OPTIONS_INIT \
    { sizeof(ssh_channel_options_t), 0, 0, NULL, NULL, 0, 0, NULL, 0, NULL }
#define SSH_KEY_WRITE_OPTIONS_INIT \
    { sizeof(ssh_key_write_options_t), 0, 0, NULL, 0, NULL, false }
#define SSH_CERT_CHECK_OPTIONS_INIT \
    { sizeof(ssh_cert_check_options_t), 0, false, 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL }
#define SSH_CERT_ISSUE_OPTIONS_INIT \
    { sizeof(ssh_cert_issue_options_t), 0, false, 0, NULL, NULL, 0, 0, 0, NULL, 0, NULL, 0, NULL }
#define SSH_AUTHORIZED_KEYS_REQUEST_INIT \
    { sizeof(ssh_authorized_keys_request_t), NULL, NULL, NULL, NULL, 0 }
#define SSH_SIGNER_INIT \
    { sizeof(ssh_signer_t), NULL, NULL, NULL, 0 }
#define SSH_AGENT_ADD_OPTIONS_INIT \
    { sizeof(ssh_agent_add_options_t), NULL, 0, false }
#define SSH_AGENT_AUTH_OPTIONS_INIT \
    { sizeof(ssh_agent_auth_options_t), NULL, 0, false }
#define SSH_AGENT_SERVER_OPTIONS_INIT \
    { sizeof(ssh_agent_server_options_t), NULL, NULL, NULL }
#define SSH_AGENT_EXPOSURE_INIT \
    { sizeof(ssh_agent_exposure_t), NULL, 0, false, false }
#define SSH_FORWARD_HANDLER_INIT \
    { sizeof(ssh_forward_handler_t), NULL, NULL, NULL }
#define SSH_PASSWORD_OPTIONS_INIT \
    { sizeof(ssh_password_options_t), false, NULL, NULL }
#define SSH_SERVER_HOOKS_INIT \
    { sizeof(ssh_server_hooks_t), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
#define SSH_SUBSYSTEM_HANDLER_INIT \
    { sizeof(ssh_subsystem_handler_t), NULL, NULL, NULL, NULL }

/* ==== Release at the end of a scope (gcc, clang) ==================================================================== */

/* SSH_AUTO_TRANSPORT ssh_transport_t *transport = NULL;
 * releases the transport when the scope is left, however that happens. Declared later means released earlier. */
#if defined(__GNUC__)
#define SSHRS_AUTO_(name, type) static __inline__ void name##_auto_(type **p) { name(*p); }
SSHRS_AUTO_(ssh_transport_free, ssh_transport_t)
SSHRS_AUTO_(ssh_channel_free, ssh_channel_t)
SSHRS_AUTO_(ssh_key_free, ssh_key_t)
SSHRS_AUTO_(ssh_cert_free, ssh_cert_t)
SSHRS_AUTO_(ssh_krl_free, ssh_krl_t)
SSHRS_AUTO_(ssh_agent_free, ssh_agent_t)
SSHRS_AUTO_(ssh_agent_keys_free, ssh_agent_keys_t)
SSHRS_AUTO_(ssh_agent_server_free, ssh_agent_server_t)
SSHRS_AUTO_(ssh_event_free, ssh_event_t)
SSHRS_AUTO_(ssh_ready_free, ssh_ready_t)
SSHRS_AUTO_(ssh_relay_free, ssh_relay_t)
SSHRS_AUTO_(ssh_security_options_free, ssh_security_options_t)
SSHRS_AUTO_(ssh_known_hosts_free, ssh_known_hosts_t)
SSHRS_AUTO_(ssh_authorized_keys_free, ssh_authorized_keys_t)
SSHRS_AUTO_(ssh_permissions_free, ssh_permissions_t)
SSHRS_AUTO_(ssh_config_free, ssh_config_t)
SSHRS_AUTO_(ssh_host_config_free, ssh_host_config_t)
SSHRS_AUTO_(ssh_exception_free, ssh_exception_t)
SSHRS_AUTO_(ssh_exec_result_free, ssh_exec_result_t)
SSHRS_AUTO_(ssh_string_free, char)
SSHRS_AUTO_(ssh_bytes_free, uint8_t)
#define SSH_AUTO_TRANSPORT __attribute__((cleanup(ssh_transport_free_auto_)))
#define SSH_AUTO_CHANNEL __attribute__((cleanup(ssh_channel_free_auto_)))
#define SSH_AUTO_KEY __attribute__((cleanup(ssh_key_free_auto_)))
#define SSH_AUTO_CERT __attribute__((cleanup(ssh_cert_free_auto_)))
#define SSH_AUTO_KRL __attribute__((cleanup(ssh_krl_free_auto_)))
#define SSH_AUTO_AGENT __attribute__((cleanup(ssh_agent_free_auto_)))
#define SSH_AUTO_AGENT_KEYS __attribute__((cleanup(ssh_agent_keys_free_auto_)))
#define SSH_AUTO_AGENT_SERVER __attribute__((cleanup(ssh_agent_server_free_auto_)))
#define SSH_AUTO_EVENT __attribute__((cleanup(ssh_event_free_auto_)))
#define SSH_AUTO_READY __attribute__((cleanup(ssh_ready_free_auto_)))
#define SSH_AUTO_RELAY __attribute__((cleanup(ssh_relay_free_auto_)))
#define SSH_AUTO_SECURITY_OPTIONS __attribute__((cleanup(ssh_security_options_free_auto_)))
#define SSH_AUTO_CONFIG __attribute__((cleanup(ssh_config_free_auto_)))
#define SSH_AUTO_HOST_CONFIG __attribute__((cleanup(ssh_host_config_free_auto_)))
#define SSH_AUTO_KNOWN_HOSTS __attribute__((cleanup(ssh_known_hosts_free_auto_)))
#define SSH_AUTO_AUTHORIZED_KEYS __attribute__((cleanup(ssh_authorized_keys_free_auto_)))
#define SSH_AUTO_PERMISSIONS __attribute__((cleanup(ssh_permissions_free_auto_)))
#define SSH_AUTO_EXCEPTION __attribute__((cleanup(ssh_exception_free_auto_)))
#define SSH_AUTO_EXEC_RESULT __attribute__((cleanup(ssh_exec_result_free_auto_)))
#define SSH_AUTO_STRING __attribute__((cleanup(ssh_string_free_auto_)))
#define SSH_AUTO_BYTES __attribute__((cleanup(ssh_bytes_free_auto_)))
#endif

#ifdef __cplusplus
}
#endif

#endif /* SSHRS_H */
