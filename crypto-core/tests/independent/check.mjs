// Computes the vectors a second time, with none of the crate's code, and compares: `cargo xtask test --only vectors`.
//
// OPAQUE is left out: its vectors come from a real server and are checked by the crate itself. Of a room's group only
// the epoch id is computed, and of commits nothing: the rest is MLS.

import {
  aes256Gcm, cbor, chacha20Poly1305, concat, derive, digest, ed25519Public, labelled, openHpke, padded, paddedLength,
  roundUp, seal, sha256, sha512, sign, u16, u32, u64, u8, unhex, utf8, verifies, xwing, zeros,
} from "./primitives.mjs";
import { bytes, cases, finish, same } from "./vectors.mjs";

function checkSymmetric() {
  for (const one of cases("label")) {
    const fields = one.fields.map(unhex);
    same(labelled(one.label, ...fields), one.labelled, "label");
    same(digest(one.label, ...fields), one.hash, "hash");
    same(derive(unhex(one.key), one.label, ...fields), one.derived, "derive");
  }
  for (const one of cases("padding")) {
    if ("padded_bytes" in one) same(paddedLength(one.content_bytes), one.padded_bytes, "padding");
    else same(padded(unhex(one.content)), one.padded, "padding");
  }
  for (const one of cases("seal")) {
    const b = bytes(one);
    same(seal(b.key, one.type, b.context, b.plaintext, b.salt), one.sealed, "seal");
  }
}

function checkIdentity() {
  for (const one of cases("identity")) {
    const b = bytes(one);
    if (one.op === "sign") same(sign(b.seed, one.label, b.content), one.signature, "signature");
    else same(digest("Waxwing 1 fingerprint", b.account, b.public), one.fingerprint, "fingerprint");
  }
}

/** Groups of 4 characters of Crockford's base32. */
function grouped(data) {
  const bits = [...data].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.match(/.{5}/g).map((five) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[parseInt(five, 2)]);
  return letters.join("").match(/.{4}/g).join("-");
}

function checkWritten() {
  const written = (key, kind) => grouped(concat(key, digest(`Waxwing 1 ${kind} checksum`, key).subarray(0, 3)));
  for (const one of cases("recovery")) {
    same(written(unhex(one.key), "recovery"), one.text, "recovery key");
    same(derive(unhex(one.key), "Waxwing 1 recovery wrap"), one.wrapping_key, "recovery wrap");
    same(derive(unhex(one.key), "Waxwing 1 recovery token"), one.relay_token, "recovery token");
  }
  for (const one of cases("place")) {
    same(written(unhex(one.code), "place"), one.text, "place code");
    same(derive(unhex(one.code), "Waxwing 1 place wrap"), one.wrapping_key, "place wrap");
    same(derive(unhex(one.code), "Waxwing 1 place token"), one.relay_token, "place token");
  }
}

function checkAccount() {
  for (const one of cases("account", "root")) {
    for (const name of ["keyring", "snapshot", "account_data", "key_package", "cache", "own_mark"]) {
      same(derive(unhex(one.root), `Waxwing 1 ark ${name.replace("_", " ")}`), one[name], name);
    }
    const name = derive(unhex(one.root), "Waxwing 1 ark account data name", utf8(one.data));
    same(name.subarray(0, 16), one.data_name, "name of account data");
  }
  for (const one of cases("account", "vault")) {
    const [b, roots] = [bytes(one), one.roots.map((root) => [root.generation, unhex(root.key)])];
    const vault = cbor([1, b.identity_seed, roots, one.retired.map((key) => unhex(key.seed))]);
    same(seal(b.key, 2, labelled("Waxwing 1 vault", b.account, u64(one.version)), vault, b.salt), one.sealed, "vault");
  }
  for (const one of cases("account", "wrap")) {
    const [b, method] = [bytes(one), u8({ opaque: 1, recovery: 2, place: 3 }[one.method])];
    const context = labelled("Waxwing 1 vault wrap", b.account, method, u64(one.version));
    same(seal(b.wrapping, 1, context, b.key, b.salt), one.sealed, "wrap");
  }
  for (const one of cases("account", "data")) {
    const [b, root] = [bytes(one), one.roots.at(-1)];
    const generation = u32(root.generation);
    const key = derive(unhex(root.key), "Waxwing 1 ark account data");
    const context = labelled("Waxwing 1 account data", b.account, generation, utf8(one.data), u64(one.version));
    same(concat(generation, seal(key, 3, context, b.plaintext, b.salt)), one.sealed, "account data");
  }
  for (const one of cases("account", "mark")) {
    const [b, root] = [bytes(one), one.roots.at(-1)];
    const generation = u32(root.generation);
    const context = labelled("Waxwing 1 own mark", b.account, generation, b.room);
    same(cbor([7, false, "hello", 1000, 900]), one.plaintext, "content of an own mark");
    const key = derive(unhex(root.key), "Waxwing 1 ark own mark");
    same(concat(generation, seal(key, 9, context, b.plaintext, b.salt)), one.sealed, "own mark");
  }
}

function checkHpke() {
  for (const one of cases("hpke")) {
    const [b, pair] = [bytes(one), xwing(unhex(one.seed))];
    same(pair.public, one.public, "X-Wing key");
    same(b.sealed.subarray(0, 2), u16(1120), "length of the encapsulation");
    same(openHpke(pair, one.label, b.aad, b.sealed), one.plaintext, "HPKE");
  }
}

function checkLog() {
  const kinds = { commit: 1, message: 2, rejoin: 3, leave: 4, successor: 5 };
  for (const one of cases("log")) {
    let chain = digest("Waxwing 1 log", unhex(one.room));
    same(chain, one.start, "start of the chain");
    for (const entry of one.entries) {
      const fields = [u8(kinds[entry.kind]), u64(entry.after), unhex(entry.sender), unhex(entry.bytes)];
      same(digest("Waxwing 1 entry", ...fields), entry.digest, "entry");
      chain = digest("Waxwing 1 chain", chain, unhex(entry.digest));
      same(chain, entry.chain, "chain");
    }
  }
}

function step(one, b) {
  // What is absent at the end of an array is left out.
  const keys = b.after_key ? [b.before, b.after_key] : b.before ? [b.before] : [];
  const seen = [one.seq, b.hash];
  const set = [one.topic, true, 1, one.retention_s, [[b.author, 1]]];
  const settings = one.topic == null ? [null, false, null, null, []] : set;
  return [b.parent, b.made_by, b.author, [[b.author, ...keys]], one.renamed, true, seen, settings];
}

function checkEpoch() {
  for (const one of cases("epoch", "keys")) {
    const b = bytes(one);
    for (const name of ["message", "link", "signal", "handshake"]) {
      same(derive(b.room_key, `Waxwing 1 ${name} key`, b.room, b.epoch), one[`${name}_key`], `${name} key`);
    }
  }
  for (const one of cases("epoch", "handshake")) {
    const b = bytes(one);
    const key = derive(b.room_key, "Waxwing 1 handshake key", b.room, b.epoch);
    const context = labelled("Waxwing 1 handshake", b.room, b.epoch, b.sender);
    same(cbor([1, b.epoch, seal(key, 17, context, b.handshake, b.salt)]), one.sealed, "handshake");
  }
  for (const one of cases("epoch", "link")) {
    const b = bytes(one);
    const label = "Waxwing 1 history link";
    const body = cbor([b.parent_key, step(one, b)]);
    const signed = labelled(label, b.room, b.epoch, digest("Waxwing 1 history link body", body));
    const plain = cbor([body, b.signer, sign(b.seed, label, signed)]);
    const key = derive(b.room_key, "Waxwing 1 link key", b.room, b.epoch);
    same(seal(key, 18, labelled(label, b.room, b.epoch), plain, b.salt), one.sealed, "link");
  }
  for (const one of cases("epoch", "keyring")) {
    const b = bytes(one);
    const key = derive(b.root, "Waxwing 1 ark keyring");
    const context = labelled("Waxwing 1 keyring", b.account, b.room, b.epoch);
    same(seal(key, 6, context, cbor([b.room_key, step(one, b)]), b.salt), one.sealed, "keyring");
  }
}

const messageContent = (room, epoch, metadata, body) =>
  labelled(
    "Waxwing 1 message", u8(1), u8(1), room, epoch,
    digest("Waxwing 1 message metadata", metadata), digest("Waxwing 1 message body", body),
  );

function checkMessage() {
  for (const one of cases("message")) {
    const b = bytes(one);
    const rest = [[one.seq, b.hash], one.sent_at_ms, one.kind, one.account_version];
    const metadata = cbor([b.sender, b.id, b.stream, one.position, ...rest]);
    const signature = sign(b.seed, "Waxwing 1 message", messageContent(b.room, b.epoch, metadata, b.body));
    const key = derive(b.room_key, "Waxwing 1 message key", b.room, b.epoch);
    const context = labelled("Waxwing 1 message", b.room, b.epoch, b.sender, b.id);
    const inner = seal(key, 16, context, cbor([metadata, b.body, signature]), b.salt);
    same(cbor([1, b.epoch, inner]), one.sealed, "message");
  }
  for (const one of cases("report")) {
    const b = bytes(one);
    const plain = cbor([1, b.room, b.epoch, b.metadata, b.body, b.signature, b.author, one.note]);
    same(openHpke(xwing(b.operator_seed), "Waxwing 1 report", zeros(0), b.report), padded(plain), "report");
    const content = messageContent(b.room, b.epoch, b.metadata, b.body);
    same(verifies(b.author, "Waxwing 1 message", content, b.signature), true, "signature in a report");
  }
}

function checkSignal() {
  for (const one of cases("signal")) {
    const b = bytes(one);
    const [at, kind] = [u64(one.sent_at_ms), u16(one.kind)];
    const content = labelled("Waxwing 1 signal", u8(1), b.room, b.epoch, b.sender, at, kind, b.body);
    const inner = cbor([b.sender, one.sent_at_ms, one.kind, b.body, sign(b.seed, "Waxwing 1 signal", content)]);
    const key = derive(b.room_key, "Waxwing 1 signal key", b.room, b.epoch);
    const sealed = seal(key, 20, labelled("Waxwing 1 signal", b.room, b.epoch, b.sender), inner, b.salt);
    same(cbor([1, b.epoch, sealed]), one.sealed, "signal");
  }
}

function checkAttachment() {
  for (const one of cases("attachment", "file")) {
    const b = bytes(one);
    const key = derive(b.key, "Waxwing 1 attachment", u8(1), u8(one.suite), b.prefix);
    const all = zeros(Math.max(512, roundUp(one.content_bytes)));
    for (let at = 0; at < one.content_bytes; at += 1) all[at] = at % 251;
    const chunks = Math.ceil(all.length / 2 ** 20);
    const parts = [concat(u8(1), u8(one.suite), b.prefix)];
    for (let number = 0; number < chunks; number += 1) {
      const nonce = concat(b.prefix, u32(number), u8(number + 1 === chunks ? 1 : 0));
      const encrypt = one.suite === 1 ? chacha20Poly1305 : aes256Gcm;
      parts.push(encrypt(key, nonce, all.subarray(number * 2 ** 20, (number + 1) * 2 ** 20), zeros(0)));
    }
    same(sha256(...parts), one.sha256, "hash of a file");
    if ("blob" in one) same(concat(...parts), one.blob, "file");
  }
  for (const one of cases("attachment", "descriptor")) {
    const b = bytes(one);
    const fields = [b.key, b.blob_id, one.suite, one.content_bytes, b.sha256, one.file_name, one.media_type];
    const optional = [one.width, one.height, one.duration_ms, b.thumbnail];
    while (optional.length > 0 && optional.at(-1) === undefined) optional.pop();
    same(cbor([...fields, ...optional]), one.encoded, "description of a file");
  }
}

/** 30 digits of the first 30 bytes. */
function digits(data) {
  const groups = [0, 5, 10, 15, 20, 25].map((at) => data.readUIntBE(at, 5) % 100000);
  return groups.map((number) => String(number).padStart(5, "0")).join(" ");
}

function checkTrust() {
  const side = (account, key) => {
    let state = labelled("Waxwing 1 safety number", u8(1), account, key);
    for (let round = 0; round < 5200; round += 1) state = sha512(state, key);
    return digits(state);
  };
  for (const one of cases("trust", "safety number")) {
    const b = bytes(one);
    const sides = [side(b.account, b.key), side(b.other_account, b.other_key)];
    same(sides.sort().join(" "), one.number, "safety number");
  }
  for (const one of cases("trust", "contact link")) {
    const b = bytes(one);
    const link = concat(u8(1), b.account, digest("Waxwing 1 fingerprint", b.account, b.key));
    same(link.toString("base64url"), one.link, "contact link");
  }
  for (const one of cases("trust", "identity change")) {
    const b = bytes(one);
    const body = cbor([1, b.account, ed25519Public(b.old_seed), ed25519Public(b.new_seed), one.at_ms]);
    const signatures = [b.old_seed, b.new_seed].map((seed) => sign(seed, "Waxwing 1 identity change", body));
    same(cbor([body, ...signatures]), one.statement, "identity change");
  }
  for (const one of cases("trust", "key package")) {
    const b = bytes(one);
    const label = "Waxwing 1 key package";
    const signature = sign(b.seed, label, labelled(label, u8(1), b.account, u64(one.made_at_ms), b.key_package));
    same(cbor([1, b.key_package, one.made_at_ms, signature]), one.published, "published key package");
  }
}

function checkRoomPassword() {
  for (const one of cases("room_password", "handle")) {
    const words = one.typed.split(/\s+/u).filter((word) => word !== "");
    const normal = [...words.join(" ")].map((character) => character.toLowerCase()).join("");
    same(normal, one.normal, "normalised name");
    same(digest("Waxwing 1 room handle", utf8(normal)), one.handle, "handle");
  }
  for (const one of cases("room_password", "generated")) same(grouped(unhex(one.random)), one.password, "password");
  for (const one of cases("room_password", "password")) {
    const looks = { I: "1", L: "1", O: "0", U: "V" };
    const read = one.typed.toUpperCase().replace(/[\s-]/gu, "").replace(/[ILOU]/g, (letter) => looks[letter]);
    const generated = /^[0-9A-HJKMNP-TV-Z]{16}$/.test(read);
    const password = generated ? read.match(/.{4}/g).join("-") : one.typed.trim();
    same(password, one.password, "typed password");
    const weak = [...password].length < 16 || new Set(password).size < 8;
    same(generated ? "generated" : weak ? "weak" : "chosen", one.strength, "strength of a password");
  }
  for (const one of cases("room_password", "link")) {
    const b = bytes(one);
    const context = labelled("Waxwing 1 room password", b.handle);
    same(seal(b.export_key, 8, context, b.link, b.salt), one.sealed, "sealed link");
  }
}

function checkInvite() {
  for (const one of cases("invite")) {
    const b = bytes(one);
    same(concat(u8(1), b.room, b.seed, b.creator), one.link, "link");
    same(xwing(derive(b.seed, "Waxwing 1 join key")).public, one.public, "key of a join method");
    same(digest("Waxwing 1 join method", b.public), one.method, "join method");
    same(derive(b.seed, "Waxwing 1 join token"), one.token, "token");
    same(sha256(b.token), one.token_hash, "hash of a token");
  }
}

function checkState() {
  for (const one of cases("state")) {
    const b = bytes(one);
    const roles = one.roles.map(([account, role]) => [unhex(account), role]);
    const joins = one.joins.map(([kind, key, creator, ...end]) => [kind, unhex(key), unhex(creator), ...end]);
    const before = b.predecessor && [b.predecessor, b.epoch, [one.seq, b.hash]];
    const last = before ? [b.peer, before] : b.peer ? [b.peer] : [];
    const first = [one.version, b.peer ? 1 : 0, one.room_name, one.topic, b.avatar, b.founder, roles];
    same(cbor([...first, one.history, one.retention_s, joins, ...last]), one.state, "room state");
  }
}

function checkStatement() {
  const statement = (one, body) => {
    const encoded = cbor(body);
    same(cbor([encoded, sign(unhex(one.seed), `Waxwing 1 ${one.op}`, encoded)]), one.statement, one.op);
  };
  for (const one of cases("statement", "rejoin")) {
    const b = bytes(one);
    statement(one, [1, b.room, b.leaf, b.epoch, one.failed, sha256(b.key_package)]);
  }
  for (const one of cases("statement", "leave")) {
    const b = bytes(one);
    statement(one, [1, b.room, b.leaf, b.epoch, one.time_ms]);
  }
  for (const one of cases("statement", "successor")) {
    const b = bytes(one);
    statement(one, [1, b.room, b.next, b.epoch, b.first]);
  }
  for (const one of cases("statement", "leaf")) {
    same(digest("Waxwing 1 leaf", unhex(one.leaf_node)), one.leaf, "id of a leaf");
  }
  for (const one of cases("statement", "check code")) {
    const b = bytes(one);
    same(digits(digest("Waxwing 1 room check", b.room, b.epoch, b.authenticator)), one.code, "check code");
  }
}

function checkGroup() {
  for (const one of cases("group", "context")) same(digest("Waxwing 1 epoch", unhex(one.context)), one.epoch, "epoch id");
  for (const one of cases("group", "vouched")) {
    same(digest("Waxwing 1 vouched state", unhex(one.unsigned), unhex(one.tree)), one.vouched, "what a package vouches for");
  }
}

checkSymmetric();
checkIdentity();
checkWritten();
checkAccount();
checkHpke();
checkLog();
checkEpoch();
checkMessage();
checkSignal();
checkAttachment();
checkTrust();
checkRoomPassword();
checkInvite();
checkState();
checkStatement();
checkGroup();

finish([
  // OPAQUE: made with a real server.
  "login: params",
  "login: register",
  "login: login",
  // MLS: tried against other libraries instead.
  "group: doorway",
  "group: restore",
  "group: process",
  "commit: process",
]);
