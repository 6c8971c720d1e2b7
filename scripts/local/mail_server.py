"""A private Postfix that receives for some domains and delivers to Maildirs."""

import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from .process import StartError, free_port, wait_until

MASTER = """\
{listen} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class MailServer:
    """
    Mailboxes are the addresses u<number> of `domains`; everybody else is unknown.

    `certificate`: a PEM file with key and chain, for STARTTLS. Needs root, as any Postfix does.
    """

    def __init__(self, folder, domains, address="127.0.0.1", port=None, certificate=None):
        self.folder = Path(folder)
        self.address = address
        self.port = port or free_port(address)
        self.maildirs = self.folder / "mail"
        self.is_running = False
        for name in ("config", "queue", "data", "mail"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        owner = pwd.getpwnam("postfix")
        for name in ("data", "mail"):
            shutil.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        self._write(domains, owner, certificate)

    def _write(self, domains, owner, certificate):
        config = self.folder / "config"
        (config / "mailboxes.regexp").write_text("".join(
            f"/^u[0-9]+@{domain.replace('.', chr(92) + '.')}$/ {domain}/\n"
            for domain in domains))
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data",
            "maillog_file": self.folder / "postfix.log",
            "maillog_file_prefixes": self.folder,
            "multi_instance_name": "",
            "syslog_name": "postfix",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "mx.hikyaku.test",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "relay_domains": "",
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "virtual_mailbox_domains": " ".join(domains),
            "virtual_mailbox_base": self.maildirs,
            "virtual_mailbox_maps": f"regexp:{config}/mailboxes.regexp",
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
            "virtual_minimum_uid": "1",
            "smtputf8_enable": "yes",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "smtpd_peername_lookup": "no",
            "smtpd_banner": "$myhostname ESMTP",
            "message_size_limit": "20971520",
            "default_process_limit": "50",
            "alias_maps": "",
            "alias_database": "",
        }
        if certificate is not None:
            settings["smtpd_tls_chain_files"] = certificate
            settings["smtpd_tls_security_level"] = "may"
            settings["smtpd_tls_received_header"] = "yes"
        (config / "main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in settings.items()))
        (config / "master.cf").write_text(MASTER.format(listen=f"{self.address}:{self.port}"))

    def _postfix(self, command):
        return subprocess.run(["postfix", "-c", str(self.folder / "config"), command],
                              capture_output=True, text=True)

    def start(self):
        result = self._postfix("start")
        if result.returncode != 0:
            raise StartError(f"postfix does not start: {result.stderr}{self._log()}")
        self.is_running = True
        wait_until(f"Postfix listens on {self.address}:{self.port}\n{self._log()}", self._answers)
        return self

    @property
    def pid(self):
        return int((self.folder / "queue/pid/master.pid").read_text())

    def _log(self):
        path = self.folder / "postfix.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def _answers(self):
        try:
            with socket.create_connection((self.address, self.port), 5) as client:
                return client.recv(200).startswith(b"220")
        except OSError:
            return False

    def messages(self, domain=None):
        """Paths of the messages that arrived, complete ones only."""
        pattern = f"{domain or '*'}/new/*"
        return sorted(self.maildirs.glob(pattern))

    def stop(self):
        if self.is_running:
            self._postfix("stop")
            self.is_running = False
