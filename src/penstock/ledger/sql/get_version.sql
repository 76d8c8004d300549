SELECT version FROM provisioning
