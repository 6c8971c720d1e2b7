"""A private cluster on this machine: Redis, DNS, a receiving MTA, coordinators and workers.

Used by scripts/quickstart and by the end-to-end tests. Everything lives in one folder, listens on
127.0.0.0/8 or unix sockets, and is stopped by the process ids it started.
"""
