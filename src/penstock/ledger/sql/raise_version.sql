UPDATE provisioning SET version = version + 1
