"""Writes the vectors in this folder, from FORMATS alone: nothing here shares code with the C
modules. Run it only when a format gets a new number; a diff in an existing row is a broken format.
"""
import base64
import hashlib
import hmac
import pathlib
import struct
import subprocess

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = pathlib.Path(__file__).parent
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KEY_A = bytes(range(32))
KEY_B = bytes(range(200, 232))
CAMPAIGN_A = bytes.fromhex("00112233445566778899aabbccddeeff")
CAMPAIGN_B = bytes.fromhex("ffeeddccbbaa99887766554433221100")


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def derive(key, purpose, context):
    return mac(key, b"hikyaku.", purpose, b"\0", context)


def base32(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(DIGITS[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def siphash(key, data):
    """SipHash-2-4 (Aumasson, Bernstein), 8 bytes little-endian."""
    mask = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261,
         k1 ^ 0x7465646279746573]

    def rotate(x, n):
        return (x << n | x >> (64 - n)) & mask

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & mask
            v[2] = (v[2] + v[3]) & mask
            v[1] = rotate(v[1], 13) ^ v[0]
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[1]) & mask
            v[0] = (v[0] + v[3]) & mask
            v[1] = rotate(v[1], 17) ^ v[2]
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = rotate(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def write(name, head, rows):
    lines = ["\t".join(head)] + ["\t".join(str(cell) for cell in row) for row in rows]
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def ids():
    rows = []
    for key in (KEY_A, KEY_B):
        for tenant, name in (("default", "2026-11-newsletter"), ("default", ""), ("t2", "日本")):
            campaign = mac(key, tenant.encode(), b"\0", name.encode())[:16]
            rows.append(("campaign", key.hex(), tenant, name, "", base32(campaign),
                         campaign[-1] & 63))
            message = mac(key, b"\0message\0", tenant.encode(), b"\0", name.encode())
            rows.append(("message", key.hex(), tenant, name, "", "", message[15] & 63))
        for partition in (0, 1, 17, 63):
            attributes = b"attributes"
            container = bytearray(mac(key, b"\0container\0", attributes)[:16])
            container[-1] = container[-1] & 0xC0 | partition
            rows.append(("container", key.hex(), "", attributes.decode(), partition,
                         base32(bytes(container)), partition))
    write("ids.tsv", ("kind", "key", "tenant", "name", "asked_partition", "id", "partition"), rows)


def duplicates():
    rows = []
    for campaign in (CAMPAIGN_A, CAMPAIGN_B):
        key = derive(KEY_A, b"duplicates", campaign)[:16]
        for address in ("a@example.com", "taro.yamada@example.jp", "x", ""):
            value = struct.unpack(">q", siphash(key, address.encode()))[0]
            rows.append((KEY_A.hex(), campaign.hex(), address, key.hex(), value))
    write("duplicates.tsv", ("hash_key", "campaign", "address", "key", "decimal"), rows)


def address_hashes():
    rows = []
    for tenant in ("default", "t2"):
        key = derive(KEY_A, b"addresses", tenant.encode())
        for address in ("a@example.com", "taro.yamada@example.jp", "山田@xn--wgv71a.example", ""):
            rows.append((KEY_A.hex(), tenant, address, mac(key, address.encode())[:16].hex()))
    write("address_hashes.tsv", ("hash_key", "tenant", "address", "hash"), rows)


def tokens():
    rows = []
    person = mac(derive(KEY_A, b"addresses", b"default"), b"taro.yamada@example.jp")[:16]
    prefixes = {1: "m.", 2: "b.", 3: "u."}
    for key_id, token_key, campaign, index in ((0, KEY_A, CAMPAIGN_A, 0),
                                               (255, KEY_B, CAMPAIGN_B, 67108863),
                                               (7, KEY_A, CAMPAIGN_B, 4096)):
        context = bytes([key_id]) + campaign
        mac_key = derive(token_key, b"token.mac", context)
        address_key = derive(token_key, b"token.address", context)[:16]
        for kind, prefix in prefixes.items():
            body = (context + struct.pack(">I", index)
                    + siphash(address_key, person))
            token = body + mac(mac_key, bytes([kind]), body)[:8]
            rows.append((token_key.hex(), key_id, campaign.hex(), kind, index,
                         person.hex(), prefix + base32(token).lower()))
    write("tokens.tsv", ("token_key", "key_id", "campaign", "kind", "index", "person", "token"),
          rows)


def seal(key, kind, campaign, batch, nonce, plain, packed):
    flags = 1 if packed else 0
    associated = bytes([1, flags, kind]) + campaign + struct.pack(">I", batch)
    content = plain
    if packed:
        content = subprocess.run(["zstd", "-3", "--no-check", "-c",
                                  f"--stream-size={len(plain)}"],
                                 input=plain, capture_output=True, check=True).stdout
    return bytes([1, flags]) + nonce + AESGCM(key).encrypt(nonce, content, associated)


def sealed():
    """direction: both, or open where the bytes depend on the version of zstd that packed them."""
    rows = []
    nonce = bytes(range(12))
    repeated = b"taro.yamada@example.jp," * 40
    for kind in range(1, 6):
        for plain, packed in ((b"", False), (b"short", False), (repeated, True)):
            batch = 0 if kind == 1 else 70000 + kind
            rows.append(("open" if packed else "both", KEY_A.hex(), kind, CAMPAIGN_A.hex(), batch,
                         nonce.hex(), plain.hex(),
                         seal(KEY_A, kind, CAMPAIGN_A, batch, nonce, plain, packed).hex()))
    write("sealed.tsv", ("direction", "key", "kind", "campaign", "batch", "nonce", "plain",
                         "sealed"), rows)
    wrapped = struct.pack(">I", 202611) + seal(KEY_B, 4, CAMPAIGN_B, 202611, nonce, KEY_A, False)
    write("wrapped.tsv", ("month_key", "month", "campaign", "nonce", "key", "wrapped"),
          [(KEY_B.hex(), 202611, CAMPAIGN_B.hex(), nonce.hex(), KEY_A.hex(), wrapped.hex())])


def digest(fields):
    def field(number, kind, value=b""):
        return struct.pack(">IB", number, kind) + value

    def data(number, value):
        return field(number, 1, struct.pack(">Q", len(value)) + value)

    out = b"\1"
    for number, kind, value in fields:
        if kind == "bytes":
            out += data(number, value.encode())
        elif kind == "number":
            out += field(number, 2, struct.pack(">Q", value))
        elif kind == "open":
            out += field(number, 3)
        elif kind == "close":
            out += field(0, 4)
        else:
            for key in sorted(value, key=lambda name: name.encode()):
                out += (field(number, 3) + data(1, key.encode()) + data(2, value[key].encode())
                        + field(0, 4))
    return hashlib.sha256(out).hexdigest()


def digests():
    """steps, separated by |: number, kind, value; the first is the purpose."""
    cases = [
        [(0, "bytes", "create_campaign")],
        [(0, "bytes", "submit")],
        [(0, "bytes", "create_campaign"), (1, "bytes", "ab"), (2, "bytes", "")],
        [(0, "bytes", "create_campaign"), (1, "bytes", "a"), (2, "bytes", "b")],
        [(0, "bytes", "create_campaign"), (1, "number", 18446744073709551615), (7, "number", 0)],
        [(0, "bytes", "create_campaign"), (3, "open", None), (1, "bytes", "in"), (0, "close", None),
         (3, "open", None), (0, "close", None), (4, "bytes", "out")],
        [(0, "bytes", "create_campaign"), (5, "map", {"b": "2", "a": "1", "ab": "日本"})],
    ]

    def show(value):
        if isinstance(value, dict):
            return ",".join(f"{key}={text}" for key, text in value.items())
        return "" if value is None else str(value)

    rows = [("|".join(f"{number} {kind} {show(value)}" for number, kind, value in case),
             digest(case)) for case in cases]
    write("digests.tsv", ("steps", "sha256"), rows)


def unsubscribe():
    """Unsubscribe tokens, format 1: base64url of head, names and MAC."""
    rows = []
    for key, key_id, campaign, tenant, stream, index, batch, position, digest in (
        (KEY_A, 0, CAMPAIGN_A, b"default", b"", 0, 0, 0, bytes(16)),
        (KEY_A, 0, CAMPAIGN_A, b"default", b"newsletter", 4095, 7, 499, bytes(range(16))),
        (KEY_B, 255, CAMPAIGN_B, b"shop-a", b"n", 67108863, 1073676290, 499, bytes(range(240, 256))),
        (KEY_B, 3, CAMPAIGN_B, b"t" * 64, b"s" * 64, 4294967295, 4294967295, 65535, b"\xff" * 16),
    ):
        context = bytes([key_id]) + campaign + bytes([len(tenant)]) + tenant + stream
        body = (bytes([1, key_id]) + campaign + struct.pack(">IIH", index, batch, position) + digest
                + bytes([len(tenant), len(stream)]) + tenant + stream)
        token = body + mac(derive(key, b"unsubscribe.mac", context), body)[:16]
        rows.append((key.hex(), key_id, campaign.hex(), tenant.decode(), stream.decode(), index, batch,
                     position, digest.hex(), base64.urlsafe_b64encode(token).rstrip(b"=").decode()))
    write("unsubscribe.tsv", ("token_key", "key_id", "campaign", "tenant", "stream", "index", "batch",
                              "position", "address_hash", "token"), rows)


for make in (ids, duplicates, address_hashes, tokens, unsubscribe, sealed, digests):
    make()
