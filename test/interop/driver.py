"""Lets a test drive at_python: commands on stdin, answers that begin with "=" on stdout. Arguments: atSign, host, port."""

import os
import queue
import sys
import threading
import traceback
import uuid

from at_client import AtClient
from at_client.common import AtSign
from at_client.common.keys import PublicKey, SelfKey, SharedKey
from at_client.connections import Address
from at_client.connections.notification.atevents import AtEventType
from at_client.util import EncryptionUtil

ME = AtSign(sys.argv[1])
DIRECTORY = Address(sys.argv[2], int(sys.argv[3]))
events = queue.Queue()
client = None


def key_of(kind, name, other=None, mine=True):
    """Names carry their namespace themselves: this client leaves it out of some commands."""
    if kind == "self":
        return SelfKey(name, ME)
    if kind == "public":
        return PublicKey(name, ME if mine else AtSign(other))
    return SharedKey(name, ME, AtSign(other)) if mine else SharedKey(name, AtSign(other), ME)


def onboard(secret):
    from examples import onboarding

    onboarding.main(["-r", f"{DIRECTORY.host}:{DIRECTORY.port}", "-a", str(ME), "-c", secret])


def login():
    global client
    client = AtClient(ME, root_address=DIRECTORY, queue=events)


def put(kind, name, value, other=None):
    client.put(key_of(kind, name, other), value)


def get(kind, name, owner=None):
    return client.get(key_of(kind, name, owner, mine=owner is None))


def scan(regex):
    return " ".join(str(key) for key in client.get_at_keys(regex, fetch_metadata=True))


def delete(kind, name, other=None):
    client.delete(key_of(kind, name, other))


def notify(to, name, value):
    key = key_of("shared", name, to)
    key.metadata.iv_nonce = EncryptionUtil.generate_iv_nonce()
    client.notify(key, value, session_id=str(uuid.uuid4()))


def monitor(regex):
    threading.Thread(target=client.start_monitor, args=(regex,), daemon=True).start()


def next_notification(part):
    while True:
        event = events.get()
        if event.event_type == AtEventType.UPDATE_NOTIFICATION:
            client.handle_event(events, event)
        elif event.event_type == AtEventType.DECRYPTED_UPDATE_NOTIFICATION:
            data = event.event_data
            if part in data["key"]:
                return f"{data['from']} {data['decryptedValue']}"


COMMANDS = {
    "onboard": onboard,
    "login": login,
    "put": put,
    "get": get,
    "scan": scan,
    "delete": delete,
    "notify": notify,
    "monitor": monitor,
    "next": next_notification,
}

for line in sys.stdin:
    name, *arguments = line.rstrip("\n").split("\t")
    try:
        print(f"=ok\t{COMMANDS[name](*arguments) or ''}", flush=True)
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__} {error}".replace("\n", " ")
        print(f"=error\t{text}", flush=True)
# The client's monitor leaves threads behind that never end.
os._exit(0)
