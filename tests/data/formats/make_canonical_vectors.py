"""Writes canonical.tsv: a message as some client may have encoded it, and its canonical form
(format 1), from the definition in common/wire/wire_canonical.h alone.

Definition: fields by number, minimal varints, scalars at their default left out (not the set
member of a oneof), repeated scalars unpacked, map entries by key bytes with both members present.
"""
import pathlib

HERE = pathlib.Path(__file__).parent


def varint(value, spare=0):
    """`spare` bytes more than needed: allowed on the wire, never canonical."""
    value &= (1 << 64) - 1
    out = []
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(spare):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def number(field, value, spare=0):
    return varint(field << 3) + varint(value, spare)


def text(field, value):
    data = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def fixed64(field, value):
    return varint(field << 3 | 1) + value.to_bytes(8, "little")


def entry(key, value):
    return text(1, key) + text(2, value)


CASES = [
    ("CreateCampaignRequest", b"", b""),
    # order, defaults written out, long varints
    ("CreateCampaignRequest", text(3, "n") + number(1, 7, 2) + text(2, ""), number(1, 7) + text(3, "n")),
    ("CreateCampaignRequest", number(5, 0) + number(6, 2), number(6, 2)),
    ("CreateCampaignRequest", number(11, -5), number(11, -5)),
    # maps by key bytes, members present even when empty
    ("CreateCampaignRequest",
     text(4, entry("b", "2")) + text(4, text(2, "1") + text(1, "a")) + text(4, text(1, "Z")),
     text(4, entry("Z", "")) + text(4, entry("a", "1")) + text(4, entry("b", "2"))),
    ("CreateCampaignRequest", text(4, entry("あ", "い")) + text(4, entry("a", "")),
     text(4, entry("a", "")) + text(4, entry("あ", "い"))),
    # an empty message is not an absent one; nested order
    ("CreateCampaignRequest", text(10, b""), text(10, b"")),
    ("CreateCampaignRequest",
     text(10, text(4, "s") + text(1, text(2, "d") + text(1, "a@b.c"))),
     text(10, text(1, text(1, "a@b.c") + text(2, "d")) + text(4, "s"))),
    # a map of messages
    ("Content",
     text(7, text(1, "ja") + text(2, text(2, "本文"))) + text(7, text(1, "en") + text(2, text(1, "s"))),
     text(7, text(1, "en") + text(2, text(1, "s"))) + text(7, text(1, "ja") + text(2, text(2, "本文")))),
    # the set member of a oneof stays, also at its default
    ("SubmitCampaignRequest", number(3, 0) + text(1, "C"), text(1, "C") + number(3, 0)),
    ("Attachment", text(4, b"") + text(1, "f"), text(1, "f") + text(4, b"")),
    # repeated scalars: packed, mixed and unpacked are the same list, in order
    ("ListCampaignsRequest", text(1, varint(3) + varint(1)), number(1, 3) + number(1, 1)),
    ("ListCampaignsRequest", number(1, 3) + text(1, varint(1)), number(1, 3) + number(1, 1)),
    # entries of a repeated field keep their place, empty ones too
    ("Content", text(16, "a") + text(16, "") + text(13, "l"), text(13, "l") + text(16, "a") + text(16, "")),
    ("AddRecipientsRequest",
     text(3, text(3, "r1") + text(1, "b@example.jp")) + number(2, 1) + text(3, number(8, 0)),
     number(2, 1) + text(3, text(1, "b@example.jp") + text(3, "r1")) + text(3, b"")),
    # a long submessage: its length takes two bytes
    ("AddRecipientsRequest", text(3, text(4, "x" * 200) + text(1, "a@b.c")),
     text(3, text(1, "a@b.c") + text(4, "x" * 200))),
    ("StoredRef", fixed64(4, 0x0102030405060708) + number(1, 9), number(1, 9) + fixed64(4, 0x0102030405060708)),
    ("StoredRef", fixed64(4, 0), b""),
    # sint64 is zigzag
    ("StoredEventDetail", number(2, 5) + number(1, 300), number(1, 300) + number(2, 5)),
]

rows = ["message\twire\tcanonical"]
rows += [f"{name}\t{wire.hex()}\t{canonical.hex()}" for name, wire, canonical in CASES]
(HERE / "canonical.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
