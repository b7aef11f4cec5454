"""Makes the vectors without the crate: its own CBOR writer, ECDSA by RFC 6979 from `cryptography`. Run in this folder."""
import hashlib, hmac, struct
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def head(major, n):
    for extra, (limit, form) in enumerate([(24, None), (1 << 8, ">B"), (1 << 16, ">H"), (1 << 32, ">I"), (1 << 64, ">Q")]):
        if n < limit:
            return bytes([major << 5 | n]) if form is None else bytes([major << 5 | (23 + extra)]) + struct.pack(form, n)


def cbor(x):
    if x is None: return b"\xf6"
    if isinstance(x, bool): return b"\xf5" if x else b"\xf4"
    if isinstance(x, int): return head(0, x) if x >= 0 else head(1, -1 - x)
    if isinstance(x, bytes): return head(2, len(x)) + x
    if isinstance(x, str): return head(3, len(x.encode())) + x.encode()
    if isinstance(x, list): return head(4, len(x)) + b"".join(map(cbor, x))
    if isinstance(x, dict):
        pairs = sorted((cbor(k), cbor(v)) for k, v in x.items())
        return head(5, len(x)) + b"".join(k + v for k, v in pairs)
    tag, inner = x
    return head(6, tag) + cbor(inner)


def key(d): return ec.derive_private_key(d, ec.SECP256R1())
def point(k): return k.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
def sign(k, m):
    r, s = decode_dss_signature(k.sign(m, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


issuer = key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)  # RFC 6979 A.2.5
phone = key(int.from_bytes(hashlib.sha256(b"a phone").digest(), "big"))
nbf, lock = 1_800_000_000, bytes.fromhex("1122334455667788")
door_key = point(phone)
claims = cbor({
    1: "se:malmo", 2: b"worker01", 4: nbf + 5400, 5: nbf, 6: nbf - 600, 7: b"pass0001",
    8: {1: {1: 2, -1: 1, -2: door_key[1:], -3: door_key[0] == 3}},
    -70001: [lock, 0b111, [[0, 90]]], -70002: b"visit001", -70003: [7, 4711], -70004: 0, -70006: 300,
})
protected, kid = cbor({1: -7}), hashlib.sha256(point(issuer)).digest()[:8]
door_pass = cbor((18, [protected, {4: kid}, claims, sign(issuer, cbor(["Signature1", protected, b"", claims]))]))
asked = cbor(["se.handslag.door.open/1", lock, b"sixteen bytes !!", hashlib.sha256(door_pass).digest(), 0, 12, None, 1])
request = cbor([asked, sign(phone, asked)])

seed = bytes(range(32))
h0 = hashlib.sha256(b"se.handslag.door.log/1" + lock).digest()
entry = struct.pack(">IIHBB8s8sBB16sH", 1, nbf + 60, 11, 1, 0, b"pass0001", hashlib.sha256(request).digest()[:8], 255, 4, h0[:16], 0)
h1 = hashlib.sha256(h0 + entry).digest()
mac1 = hmac.new(seed, h1, hashlib.sha256).digest()
second = struct.pack(">IIHBB8s8sBB16sH", 2, nbf + 90, 11, 3, 0, bytes(8), bytes(8), 255, 16, h1[:16], 0)
h2 = hashlib.sha256(h1 + second).digest()
mac2 = hmac.new(hashlib.sha256(b"next" + seed).digest(), h2, hashlib.sha256).digest()

for name, data in [("pass", door_pass), ("request", request), ("log", entry + mac1 + second + mac2)]:
    open(name + ".hex", "w").write(data.hex() + "\n")
    print(name, len(data))
