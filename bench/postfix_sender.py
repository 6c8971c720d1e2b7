"""A Postfix that sends: its own configuration and queue, started and stopped here. Needs root."""

import pwd
import shutil
import subprocess
from pathlib import Path

from scripts.local.mail_server import MASTER
from scripts.local.process import StartError, free_port, wait_until

# What differs from Postfix's own defaults, and why: a refused message is looked at again after one to
# five minutes, not after five to sixty-six; nothing waits for a place in the active queue. Its
# adaptive concurrency (5 to begin with, 20 at most, feedback 1/concurrency) is as it comes.
SETTINGS = {
    "minimal_backoff_time": "60s",
    "maximal_backoff_time": "300s",
    "queue_run_delay": "30s",
    "qmgr_message_active_limit": "100000",
    "qmgr_message_recipient_limit": "100000",
    "default_process_limit": "200",
    "in_flow_delay": "0",
    "smtpd_client_connection_count_limit": "0",
}


class PostfixSender:
    """`sites`: {domain: port of its server on 127.0.0.1}; sends from `address`."""

    def __init__(self, folder, address, sites):
        self.folder = Path(folder)
        self.port = free_port()
        self.is_running = False
        for name in ("config", "queue", "data"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        owner = pwd.getpwnam("postfix")
        shutil.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        transport = " ".join(f"{{ {domain} = smtp:[127.0.0.1]:{port} }}"
                             for domain, port in sites.items())
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data",
            "maillog_file": self.folder / "postfix.log",
            "maillog_file_prefixes": self.folder,
            "multi_instance_name": "",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "out.hikyaku.test",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "relay_domains": " ".join(sites),
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "smtpd_peername_lookup": "no",
            "smtp_bind_address": address,
            "smtp_tls_security_level": "none",
            "transport_maps": f"inline:{{ {transport} }}",
            "alias_maps": "",
            "alias_database": "",
            **SETTINGS,
        }
        config = self.folder / "config"
        (config / "main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in settings.items()))
        (config / "master.cf").write_text(MASTER.format(listen=f"127.0.0.1:{self.port}") +
                                          "smtp unix - - n - - smtp\n")

    def _postfix(self, command):
        return subprocess.run(["postfix", "-c", str(self.folder / "config"), command],
                              capture_output=True, text=True)

    def start(self):
        result = self._postfix("start")
        if result.returncode != 0:
            raise StartError(f"postfix does not start: {result.stderr}")
        self.is_running = True
        wait_until("Postfix runs", lambda: self._postfix("status").returncode == 0)
        return self

    def feed(self, domain, count):
        """Begin to hand it messages; returns the process that does."""
        return subprocess.Popen(
            ["smtp-source", "-s", "4", "-m", str(count), "-l", "2048", "-f", "news@shop.test",
             "-t", f"u@{domain}", f"127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.is_running:
            self._postfix("stop")
            self.is_running = False
