"""Serves a Kinto whose records live in memory, on a free port of this machine. Runs under the Python that has Kinto."""

import kinto
import waitress

SETTINGS = {
    "kinto.includes": "kinto.plugins.accounts kinto.plugins.flush",
    "kinto.storage_backend": "kinto.core.storage.memory",
    "kinto.cache_backend": "kinto.core.cache.memory",
    "kinto.permission_backend": "kinto.core.permission.memory",
    "kinto.userid_hmac_secret": "for tests",
    "multiauth.policies": "account",
    "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
    "kinto.account_create_principals": "system.Everyone",
    "kinto.account_write_principals": "account:admin",
    "kinto.bucket_create_principals": "system.Authenticated",
    "kinto.flush_endpoint_enabled": "true",
}

server = waitress.create_server(kinto.main({}, **SETTINGS), host="127.0.0.1", port=0, threads=8)
print(f"port {server.effective_port}", flush=True)
server.run()
