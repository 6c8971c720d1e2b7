"""What we compose and sign, judged by others: dkimpy verifies it, Python's email package reads it."""

import email
import email.header
import email.policy
import email.utils
import json
import os
import random
import subprocess
from pathlib import Path

import dkim
import pytest

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build" / "dev"))
KEYS = ROOT / "tests" / "data" / "dkim"
DOMAIN = "shop.example"


def blocks_of(output):
    """The blocks "SIZE\\n" bytes of compose_signed."""
    blocks = []
    while output:
        size, output = output.split(b"\n", 1)
        blocks.append(output[:int(size)])
        output = output[int(size):]
    return blocks


def compose(content, recipients, body="relaxed"):
    """(messages, dnsfunc for dkimpy)"""
    content = {"from": {"address": f"news@{DOMAIN}", "display_name": "ショップ"},
               "subject": "Hello", **content}
    recipients = [{"message_id": f"{i}@{DOMAIN}", **recipient}
                  for i, recipient in enumerate(recipients)]
    signing = {"domain": DOMAIN, "rsa": str(KEYS / "rsa2048.pem"),
               "ed25519": str(KEYS / "ed25519.pem"), "body": body}
    document = {"content": content, "recipients": recipients, "signing": signing}
    done = subprocess.run([BUILD / "tests" / "compose_signed"],
                          input=json.dumps(document).encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    rsa, ed25519, *messages = blocks_of(done.stdout)
    assert len(messages) == len(recipients)
    records = {f"r1._domainkey.{DOMAIN}.": rsa, f"e1._domainkey.{DOMAIN}.": ed25519}

    def dnsfunc(name, timeout=5):
        del timeout
        return records.get(name.decode() if isinstance(name, bytes) else name)

    return messages, dnsfunc


def read(message):
    return email.message_from_bytes(message, policy=email.policy.default)


def text_of(part):
    return part.get_payload(decode=True).decode(part.get_content_charset()).replace("\r\n", "\n")


def display_name_of(message):
    """The To field's, by the older decoder: in Python 3.11 the newer one puts a space between
    adjacent encoded words of a name, which RFC 2047, 6.2 says are joined."""
    raw = email.message_from_bytes(message)["To"].replace("\r\n", "")
    name, _ = email.utils.parseaddr(raw)
    return str(email.header.make_header(email.header.decode_header(name)))


RICH = {
    "subject": "ご注文 {{n}} について",
    "html": "<p>{{name}} 様</p><p><img src=\"cid:logo\"><a href=\"https://shop.example/\">店</a></p>",
    "reply_to": [{"address": "reply@shop.example", "display_name": "Shop, Inc."}],
    "attachments": [
        {"file_name": "logo.png", "media_type": "image/png", "inline_id": "logo", "data": "PNG" * 50},
        {"file_name": "請求書 2026年11月.pdf", "media_type": "application/pdf", "data": "PDF" * 100},
    ],
    "headers": [{"name": "X-Campaign", "value": "{{n}}"}],
    "list_id": "news.shop.example",
    "feedback_id": "a:b:c:shop1",
}
HANAKO = {"address": "hanako@example.jp", "display_name": "佐藤 花子", "lang": "ja-JP",
          "fields": {"name": "花子", "n": 12345},
          "unsubscribe_url": "https://u.shop.example/u?t=abc",
          "unsubscribe_mailto": "stop@shop.example"}


@pytest.mark.parametrize("body", ["relaxed", "simple"])
@pytest.mark.parametrize("index", [0, 1])
def test_dkimpy_verifies_both_signatures(body, index):
    """D1, D2, D3: rsa-sha256 and ed25519-sha256, by a second implementation."""
    contents = [RICH, {"text": "short\n"}, {"text": "no line end"}, {"text": ""} | {"html": "<p>"},
                {"text": "lines at the end\n\n\n"}, {"text": "日本語" * 500}]
    for content in contents:
        messages, dnsfunc = compose(content, [HANAKO], body)
        verifier = dkim.DKIM(messages[0])
        assert verifier.verify(idx=index, dnsfunc=dnsfunc), (content, verifier.signature_fields)
        algorithm = verifier.signature_fields[b"a"]
        assert algorithm == [b"rsa-sha256", b"ed25519-sha256"][index]
        assert verifier.signature_fields[b"c"] == f"relaxed/{body}".encode()


def test_dkimpy_sees_each_change():
    """D3, D6: an altered body, a second From."""
    messages, dnsfunc = compose(RICH, [HANAKO])
    for old, new in ((b"_0--\r\n", b"_0--\r\nx\r\n"),
                     (b"\r\nTo: ", b"\r\nFrom: a@b.example\r\nTo: ")):
        changed = messages[0].replace(old, new, 1)
        assert changed != messages[0]
        try:
            is_good = dkim.DKIM(changed).verify(idx=0, dnsfunc=dnsfunc)
        except dkim.ValidationError:
            is_good = False
        assert not is_good


def test_a_reader_finds_every_part():
    message = read(compose(RICH, [HANAKO])[0][0])
    assert not message.defects
    assert message["Subject"] == "ご注文 12345 について"
    assert message["From"].addresses[0].display_name == "ショップ"
    assert message["To"].addresses[0].display_name == "佐藤 花子"
    assert message["To"].addresses[0].addr_spec == "hanako@example.jp"
    assert message["Reply-To"].addresses[0].display_name == "Shop, Inc."
    assert message["Date"].datetime.isoformat() == "2026-11-24T09:30:00+09:00"
    assert message["List-Unsubscribe"] == "<https://u.shop.example/u?t=abc>, <mailto:stop@shop.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["X-Campaign"] == "12345"
    assert message["MIME-Version"] == "1.0"
    types = [part.get_content_type() for part in message.walk()]
    assert types == ["multipart/mixed", "multipart/alternative", "text/plain", "multipart/related",
                     "text/html", "image/png", "application/pdf"]
    parts = list(message.walk())
    assert text_of(parts[2]) == "花子 様\n\n店 <https://shop.example/>\n"
    assert parts[4].get_content().startswith("<p>花子 様</p>")
    assert parts[5].get_content() == b"PNG" * 50
    assert parts[5]["Content-ID"] == "<logo>"
    assert parts[5].get_content_disposition() == "inline"
    assert parts[6].get_content() == b"PDF" * 100
    assert parts[6].get_filename() == "請求書 2026年11月.pdf"


def test_each_language_gets_its_texts():
    content = {"subject": "default", "text": "default\n", "variants": [
        {"lang": "ja", "subject": "日本語", "text": "ja\n"},
        {"lang": "zh-Hant", "text": "zh\n"},
        {"lang": "fr", "subject": "français"}]}
    expected = {"ja-JP": ("日本語", "ja\n"), "JA": ("日本語", "ja\n"), "zh-hant-tw": ("default", "zh\n"),
                "zh": ("default", "default\n"), "fr-CA": ("français", "default\n"),
                "": ("default", "default\n"), "de": ("default", "default\n")}
    messages, _ = compose(content, [{**HANAKO, "lang": lang} for lang in expected])
    for message, (subject, text) in zip(map(read, messages), expected.values()):
        assert (message["Subject"], text_of(message)) == (subject, text)


ALPHABETS = ("abc XYZ", "日本語のお知らせ ", "aé\"\\()<>@,;:.[]?=_ ", "🙂👍🏽 x", "=?utf-8?Q?_ ", "<&>'\"\n\t.x",
             "\n\nFrom x--=_\n")


def some_text(dice, most, is_line):
    alphabet = dice.choice(ALPHABETS)
    text = "".join(dice.choice(alphabet) for _ in range(dice.randrange(most)))
    return "".join(c for c in text if c not in "\n\t") if is_line else text


def test_any_merge_value_arrives_as_it_was():
    """S14, S15: names, subjects and texts of all sorts, lines and encoded words within bounds."""
    dice = random.Random(20261124)
    recipients = [{"address": "a@example.jp", "display_name": some_text(dice, 80, True),
                   "fields": {"s": some_text(dice, 200, True), "t": some_text(dice, 2000, False)},
                   "headers": [{"name": "X-Own", "value": some_text(dice, 300, True)}]}
                  for _ in range(1500)]
    messages, _ = compose({"subject": "{{s}}", "text": "{{t}}|\n"}, recipients)
    for message, recipient in zip(messages, recipients):
        assert all(len(line) <= 998 and b"\r" not in line for line in message.split(b"\r\n"))
        assert message.isascii() and message.count(b"\n") == message.count(b"\r\n")
        parsed = read(message)
        assert not parsed.defects
        fields = recipient["fields"]
        assert text_of(parsed) == fields["t"] + "|\n"
        assert (parsed["Subject"] or "") == fields["s"]
        assert (parsed["X-Own"] or "") == recipient["headers"][0]["value"]
        assert display_name_of(message) == recipient["display_name"]
        words = [word for word in message.split(b"\r\n\r\n")[0].split() if word.startswith(b"=?")]
        assert all(len(word) <= 75 for word in words)
