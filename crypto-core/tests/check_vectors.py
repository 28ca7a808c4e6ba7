"""Computes the vectors a second time, with none of the crate's code, and compares.

Needs Python 3.10 and the packages cryptography, cbor2 and kyber-py. OPAQUE is left out: its vectors come from a real
server and are checked by the crate itself. Of a room's group only the epoch id is computed: the rest is MLS.
"""

import base64
import hashlib
import hmac
import json
import struct
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kyber_py.ml_kem import ML_KEM_768

FOLDER = Path(__file__).parent / "vectors"
RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
unhex = bytes.fromhex
compared = 0


def same(computed, expected):
    global compared
    if computed != expected:
        raise SystemExit(f"computed {computed!r}, expected {expected!r}")
    compared += 1


def cases(name):
    return [case for case in json.loads((FOLDER / name).read_text())["cases"] if case["expect"] == "ok"]


def labelled(label, *fields):
    return b"".join(struct.pack(">I", len(part)) + part for part in (label.encode(), *fields))


def digest(label, *fields):
    return hashlib.sha256(labelled(label, *fields)).digest()


def expand(prk, info, length, name):
    out = block = b""
    counter = 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([counter]), name).digest()
        out += block
        counter += 1
    return out[:length]


def hkdf(salt, key, info, length):
    return expand(hmac.new(salt or bytes(32), key, "sha256").digest(), info, length, "sha256")


def derive(key, label, *fields):
    return hkdf(b"", key, labelled(label, *fields), 32)


def padded_len(content):
    total = content + 4
    if total <= 4096:
        return max(512, 1 << (total - 1).bit_length())
    exponent = total.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (total + mask) & ~mask


def seal(key, kind, context, plaintext, salt):
    fields = (b"\x01", bytes([kind]), context)
    keys = hkdf(salt, key, labelled("Waxwing 1 seal", *fields), 64)
    padded = (struct.pack(">I", len(plaintext)) + plaintext).ljust(padded_len(len(plaintext)), b"\0")
    data = labelled("Waxwing 1 seal", b"\x01", *fields)
    return b"\x01\x01" + salt + keys[32:] + ChaCha20Poly1305(keys[:32]).encrypt(bytes(12), padded, data)


def check_symmetric():
    for case in cases("label.json"):
        fields = [unhex(field) for field in case["fields"]]
        same(labelled(case["label"], *fields), unhex(case["labelled"]))
        same(digest(case["label"], *fields), unhex(case["hash"]))
        same(derive(unhex(case["key"]), case["label"], *fields), unhex(case["derived"]))
    for case in cases("padding.json"):
        if "padded_bytes" in case:
            same(padded_len(case["content_bytes"]), case["padded_bytes"])
    for case in cases("seal.json"):
        members = (unhex(case[name]) for name in ("context", "plaintext", "salt"))
        same(seal(unhex(case["key"]), case["type"], *members), unhex(case["sealed"]))


def vector(content):
    """Variable-size vector of RFC 9420 section 2.1.2."""
    if len(content) < 64:
        return bytes([len(content)]) + content
    if len(content) < 16384:
        return struct.pack(">H", 0x4000 | len(content)) + content
    return struct.pack(">I", 0x80000000 | len(content)) + content


def check_identity():
    for case in cases("identity.json"):
        if case["op"] == "sign":
            key = Ed25519PrivateKey.from_private_bytes(unhex(case["seed"]))
            signed = vector(case["label"].encode()) + vector(unhex(case["content"]))
            same(key.sign(signed), unhex(case["signature"]))
        else:
            same(digest("Waxwing 1 fingerprint", unhex(case["account"]), unhex(case["public"])), unhex(case["fingerprint"]))


def check_recovery():
    for case in cases("recovery.json"):
        key = unhex(case["key"])
        bits = base64.b32encode(key + digest("Waxwing 1 recovery checksum", key)[:3]).decode()
        text = bits.translate(str.maketrans(RFC_4648, CROCKFORD))
        same("-".join(text[at : at + 4] for at in range(0, 56, 4)), case["text"])
        same(derive(key, "Waxwing 1 recovery wrap"), unhex(case["wrapping_key"]))


def check_root(case):
    root = unhex(case["root"])
    for name in ("keyring", "snapshot", "account_data", "key_package", "cache"):
        same(derive(root, "Waxwing 1 ark " + name.replace("_", " ")), unhex(case[name]))
    same(derive(root, "Waxwing 1 ark account data name", case["data"].encode())[:16], unhex(case["data_name"]))


def check_account():
    for case in cases("account.json"):
        if case["op"] == "root":
            check_root(case)
            continue
        account, version = unhex(case["account"]), struct.pack(">Q", case["version"])
        sealed, salt = unhex(case["sealed"]), unhex(case["salt"])
        if case["op"] == "vault":
            roots = [[root["generation"], unhex(root["key"])] for root in case["roots"]]
            retired = [unhex(key["seed"]) for key in case["retired"]]
            vault = cbor2.dumps([1, unhex(case["identity_seed"]), roots, retired])
            same(seal(unhex(case["key"]), 2, labelled("Waxwing 1 vault", account, version), vault, salt), sealed)
        elif case["op"] == "wrap":
            method = bytes([{"opaque": 1, "recovery": 2}[case["method"]]])
            context = labelled("Waxwing 1 vault wrap", account, method, version)
            same(seal(unhex(case["wrapping"]), 1, context, unhex(case["key"]), salt), sealed)
        else:
            root = case["roots"][-1]
            generation = struct.pack(">I", root["generation"])
            key = derive(unhex(root["key"]), "Waxwing 1 ark account data")
            context = labelled("Waxwing 1 account data", account, generation, case["data"].encode(), version)
            same(generation + seal(key, 3, context, unhex(case["plaintext"]), salt), sealed)


def hpke_keys(shared, info):
    """Key schedule of RFC 9180 section 5.1, mode base, for X-Wing (0x647a), HKDF-SHA384, AES-256-GCM."""
    suite = b"HPKE" + struct.pack(">HHH", 0x647A, 2, 2)

    def extract(salt, label, key):
        return hmac.new(salt or bytes(48), b"HPKE-v1" + suite + label + key, "sha384").digest()

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")

    def labelled_expand(label, length):
        return expand(secret, struct.pack(">H", length) + b"HPKE-v1" + suite + label + context, length, "sha384")

    return labelled_expand(b"key", 32), labelled_expand(b"base_nonce", 12)


def xwing_keys(seed):
    private = hashlib.shake_256(seed).digest(32)
    expanded = hashlib.shake_256(private).digest(96)
    public_m, private_m = ML_KEM_768.key_derive(expanded[:64])
    private_x = X25519PrivateKey.from_private_bytes(expanded[64:])
    public_x = private_x.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return private_m, private_x, public_x, public_m + public_x


def check_hpke():
    for case in cases("hpke.json"):
        private_m, private_x, public_x, public = xwing_keys(unhex(case["seed"]))
        same(public, unhex(case["public"]))
        sealed = unhex(case["sealed"])
        same(sealed[:2], struct.pack(">H", 1120))
        kem, ciphertext = sealed[2:1122], sealed[1122:]
        shared_m = ML_KEM_768.decaps(private_m, kem[:1088])
        shared_x = private_x.exchange(X25519PublicKey.from_public_bytes(kem[1088:]))
        shared = hashlib.sha3_256(shared_m + shared_x + kem[1088:] + public_x + b"\\.//^\\").digest()
        key, nonce = hpke_keys(shared, labelled(case["label"]))
        same(AESGCM(key).decrypt(nonce, ciphertext, unhex(case["aad"])), unhex(case["plaintext"]))


def check_log():
    for case in cases("log.json"):
        chain = digest("Waxwing 1 log", unhex(case["room"]))
        same(chain, unhex(case["start"]))
        for entry in case["entries"]:
            kind = bytes([{"commit": 1, "message": 2, "rejoin": 3}[entry["kind"]]])
            after = struct.pack(">Q", entry["after"])
            of_entry = digest("Waxwing 1 entry", kind, after, unhex(entry["sender"]), unhex(entry["bytes"]))
            same(of_entry, unhex(entry["digest"]))
            chain = digest("Waxwing 1 chain", chain, of_entry)
            same(chain, unhex(entry["chain"]))


def check_epoch():
    for case in cases("epoch.json"):
        room, epoch, room_key = (unhex(case[name]) for name in ("room", "epoch", "room_key"))
        if case["op"] == "keys":
            for name in ("message", "link", "handshake"):
                same(derive(room_key, f"Waxwing 1 {name} key", room, epoch), unhex(case[name + "_key"]))
            continue
        salt, sealed = unhex(case["salt"]), unhex(case["sealed"])
        if case["op"] == "handshake":
            key = derive(room_key, "Waxwing 1 handshake key", room, epoch)
            context = labelled("Waxwing 1 handshake", room, epoch, unhex(case["sender"]))
            inner = seal(key, 17, context, unhex(case["handshake"]), salt)
            same(cbor2.dumps([1, epoch, inner]), sealed)
            continue
        keys = [unhex(case[name]) if name in case else None for name in ("before", "after_key")]
        # What is absent at the end of an array is left out.
        changes = [[unhex(case["author"]), *(keys if keys[1] else keys[:1])]]
        seen = [case["seq"], unhex(case["hash"])]
        made_by, author = unhex(case["made_by"]), unhex(case["author"])
        parent = unhex(case["parent"]) if "parent" in case else None
        step = [parent, made_by, author, changes, case.get("renamed"), True, seen]
        if case["op"] == "link":
            parent = unhex(case["parent_key"]) if "parent_key" in case else None
            key = derive(room_key, "Waxwing 1 link key", room, epoch)
            context = labelled("Waxwing 1 history link", room, epoch)
            same(seal(key, 18, context, cbor2.dumps([parent, step]), salt), sealed)
        else:
            key = derive(unhex(case["root"]), "Waxwing 1 ark keyring")
            context = labelled("Waxwing 1 keyring", unhex(case["account"]), room, epoch)
            same(seal(key, 6, context, cbor2.dumps([room_key, step]), salt), sealed)


def check_message():
    for case in cases("message.json"):
        names = ("room", "epoch", "sender", "id", "stream", "hash", "body")
        room, epoch, sender, message_id, stream, seen, body = (unhex(case[name]) for name in names)
        numbers = [case["sent_at_ms"], case["kind"], case["account_version"]]
        metadata = cbor2.dumps([sender, message_id, stream, case["position"], [case["seq"], seen], *numbers])
        parts = (digest("Waxwing 1 message metadata", metadata), digest("Waxwing 1 message body", body))
        content = labelled("Waxwing 1 message", b"\x01", b"\x01", room, epoch, *parts)
        signed = vector(b"Waxwing 1 message") + vector(content)
        signature = Ed25519PrivateKey.from_private_bytes(unhex(case["seed"])).sign(signed)
        key = derive(unhex(case["room_key"]), "Waxwing 1 message key", room, epoch)
        context = labelled("Waxwing 1 message", room, epoch, sender, message_id)
        inner = seal(key, 16, context, cbor2.dumps([metadata, body, signature]), unhex(case["salt"]))
        same(cbor2.dumps([1, epoch, inner]), unhex(case["sealed"]))


def check_invite():
    for case in cases("invite.json"):
        room, seed, creator = (unhex(case[name]) for name in ("room", "seed", "creator"))
        same(b"\x01" + room + seed + creator, unhex(case["link"]))
        same(xwing_keys(derive(seed, "Waxwing 1 join key"))[3], unhex(case["public"]))
        same(digest("Waxwing 1 join method", unhex(case["public"])), unhex(case["method"]))
        token = derive(seed, "Waxwing 1 join token")
        same(token, unhex(case["token"]))
        same(hashlib.sha256(token).digest(), unhex(case["token_hash"]))


def check_group():
    for case in cases("group.json"):
        if case["op"] == "context":
            same(digest("Waxwing 1 epoch", unhex(case["context"])), unhex(case["epoch"]))


if __name__ == "__main__":
    check_symmetric()
    check_identity()
    check_recovery()
    check_account()
    check_hpke()
    check_log()
    check_epoch()
    check_message()
    check_invite()
    check_group()
    print(f"{compared} values agree")
