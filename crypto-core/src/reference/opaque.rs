//! The test vectors of RFC 9807 (appendix "Test Vectors") for our group, hash and key exchange: real vectors 1 and 2, fake vector 1.
//!
//! They stretch the password with the identity function, and use a context of their own. Ours is Argon2id with a context per purpose, so
//! [`Rfc`] is our configuration with that one part exchanged, driven through the library as `login` drives it; what a login of ours gives
//! is in `login.json`. Argon2id itself is tried below with the vector of RFC 9106. The vectors with curve25519 and P-256 are of groups
//! that we do not use.

use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest, CredentialResponse,
    Identifiers, RegistrationRequest, RegistrationResponse, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup, ksf::Identity,
};

use crate::login::Suite;
use crate::vectors::tools::{Playback, from_hex};

struct Rfc;

impl CipherSuite for Rfc {
    type OprfCs = <Suite as CipherSuite>::OprfCs;
    type KeyExchange = <Suite as CipherSuite>::KeyExchange;
    type Ksf = Identity;
}

const CREDENTIAL: &[u8] = b"1234";
const PASSWORD: &[u8] = b"CorrectHorseBatteryStaple";
const CONTEXT: &[u8] = b"OPAQUE-POC";

const OPRF_SEED: &str = "f433d0227b0b9dd54f7c4422b600e764e47fb503f1f9a0f0a47c6606b0
    54a7fdc65347f1a08f277e22358bbabe26f823fca82c7848e9a75661f4ec5d5c1989ef";
const ENVELOPE_NONCE: &str = "ac13171b2f17bc2c74997f0fce1e1f35bec6b91fe2e12dbd323d23ba7a38dfec";
const MASKING_NONCE: &str = "38fe59af0df2c79f57b8780278f5ae47355fe1f817119041951c80f612fdfc6d";
const SERVER_PRIVATE_KEY: &str = "47451a85372f8b3537e249d7b54188091fb18edde78094b43e2ba42b5eb89f0d";
const SERVER_PUBLIC_KEY: &str = "b2fe7af9f48cc502d016729d2fe25cdd433f2c4bc904660b2a382c9b79df1a78";
const SERVER_NONCE: &str = "71cd9960ecef2fe0d0f7494986fa3d8b2bb01963537e60efb13981e138e3d4a1";
const CLIENT_NONCE: &str = "da7e07376d6d6f034cfa9bb537d11b8c6b4238c334333d1f0aebb380cae6a6cc";
const CLIENT_KEYSHARE_SEED: &str = "82850a697b42a505f5b68fcdafce8c31f0af2b581f063cf1091933541936304b";
const SERVER_KEYSHARE_SEED: &str = "05a4f54206eef1ba2f615bc0aa285cb22f26d1153b5b40a1e85ff80da12f982f";
const BLIND_REGISTRATION: &str = "76cfbfe758db884bebb33582331ba9f159720ca8784a2a070a265d9c2d6abe01";
const BLIND_LOGIN: &str = "6ecc102d2e7a7cf49617aad7bbe188556792d4acd60a1a8a8d2b65d4b0790308";
const REQUEST: &str = "5059ff249eb1551b7ce4991f3336205bde44a105a032e747d21bf382e75f7a71";
const RESPONSE: &str = "7408a268083e03abc7097fc05b587834539065e86fb0c7
    b6342fcf5e01e5b019b2fe7af9f48cc502d016729d2fe25cdd433f2c4bc904660b2a382c9b79df1a78";
const KE1: &str = "c4dedb0ba6ed5d965d6f250fbe554cd45cba5dfcce3ce836e4aee778aa3cd44d
    da7e07376d6d6f034cfa9bb537d11b8c6b4238c334333d1f0aebb380cae6a6cc6e29b
    ee50701498605b2c085d7b241ca15ba5c32027dd21ba420b94ce60da326";
const EXPORT_KEY: &str = "1ef15b4fa99e8a852412450ab78713aad30d21fa6966c9b8c9fb3262a
    970dc62950d4dd4ed62598229b1b72794fc0335199d9f7fcc6eaedde92cc04870e63f16";

/// What depends on the identities.
struct Vector {
    identities: Option<(&'static [u8], &'static [u8])>,
    upload: &'static str,
    ke2: &'static str,
    ke3: &'static str,
    session_key: &'static str,
}

const REAL: [Vector; 2] = [
    Vector {
        identities: None,
        upload: "76a845464c68a5d2f7e442436bb1424953b17d3e2e289ccb
            accafb57ac5c36751ac5844383c7708077dea41cbefe2fa15724f449e535dd7dd562e
            66f5ecfb95864eadddec9db5874959905117dad40a4524111849799281fefe3c51fa8
            2785c5ac13171b2f17bc2c74997f0fce1e1f35bec6b91fe2e12dbd323d23ba7a38dfe
            c634b0f5b96109c198a8027da51854c35bee90d1e1c781806d07d49b76de6a28b8d9e
            9b6c93b9f8b64d16dddd9c5bfb5fea48ee8fd2f75012a8b308605cdd8ba5",
        ke2: "7e308140890bcde30cbcea28b01ea1ecfbd077cff62c4def8efa075aabcbb471
            38fe59af0df2c79f57b8780278f5ae47355fe1f817119041951c80f612fdfc6dd6ec6
            0bcdb26dc455ddf3e718f1020490c192d70dfc7e403981179d8073d1146a4f9aa1ced
            4e4cd984c657eb3b54ced3848326f70331953d91b02535af44d9fedc80188ca46743c
            52786e0382f95ad85c08f6afcd1ccfbff95e2bdeb015b166c6b20b92f832cc6df01e0
            b86a7efd92c1c804ff865781fa93f2f20b446c8371b671cd9960ecef2fe0d0f749498
            6fa3d8b2bb01963537e60efb13981e138e3d4a1c4f62198a9d6fa9170c42c3c71f197
            1b29eb1d5d0bd733e40816c91f7912cc4a660c48dae03e57aaa38f3d0cffcfc21852e
            bc8b405d15bd6744945ba1a93438a162b6111699d98a16bb55b7bdddfe0fc5608b23d
            a246e7bd73b47369169c5c90",
        ke3: "4455df4f810ac31a6748835888564b536e6da5d9944dfea9e34defb9575fe5e2
            661ef61d2ae3929bcf57e53d464113d364365eb7d1a57b629707ca48da18e442",
        session_key: "42afde6f5aca0cfa5c163763fbad55e73a41db6b41bc87b8e7b62214
            a8eedc6731fa3cb857d657ab9b3764b89a84e91ebcb4785166fbb02cedfcbdfda215b96f",
    },
    Vector {
        identities: Some((b"alice", b"bob")),
        upload: "76a845464c68a5d2f7e442436bb1424953b17d3e2e289ccb
            accafb57ac5c36751ac5844383c7708077dea41cbefe2fa15724f449e535dd7dd562e
            66f5ecfb95864eadddec9db5874959905117dad40a4524111849799281fefe3c51fa8
            2785c5ac13171b2f17bc2c74997f0fce1e1f35bec6b91fe2e12dbd323d23ba7a38dfe
            c1ac902dc5589e9a5f0de56ad685ea8486210ef41449cd4d8712828913c5d2b680b2b
            3af4a26c765cff329bfb66d38ecf1d6cfa9e7a73c222c6efe0d9520f7d7c",
        ke2: "7e308140890bcde30cbcea28b01ea1ecfbd077cff62c4def8efa075aabcbb471
            38fe59af0df2c79f57b8780278f5ae47355fe1f817119041951c80f612fdfc6dd6ec6
            0bcdb26dc455ddf3e718f1020490c192d70dfc7e403981179d8073d1146a4f9aa1ced
            4e4cd984c657eb3b54ced3848326f70331953d91b02535af44d9fea502150b67fe367
            95dd8914f164e49f81c7688a38928372134b7dccd50e09f8fed9518b7b2f94835b3c4
            fe4c8475e7513f20eb97ff0568a39caee3fd6251876f71cd9960ecef2fe0d0f749498
            6fa3d8b2bb01963537e60efb13981e138e3d4a1c4f62198a9d6fa9170c42c3c71f197
            1b29eb1d5d0bd733e40816c91f7912cc4a292371e7809a9031743e943fb3b56f51de9
            03552fc91fba4e7419029951c3970b2e2f0a9dea218d22e9e4e0000855bb6421aa361
            0d6fc0f4033a6517030d4341",
        ke3: "7a026de1d6126905736c3f6d92463a08d209833eb793e46d0f7f15b3e0f62c76
            43763c02bbc6b8d3d15b63250cae98171e9260f1ffa789750f534ac11a0176d5",
        session_key: "ae7951123ab5befc27e62e63f52cf472d6236cb386c968cc47b7e34f
            866aa4bc7638356a73cfce92becf39d6a7d32a1861f12130e824241fe6cab34fbd471a57",
    },
];

fn bytes(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    from_hex(&digits).unwrap()
}

fn random(parts: &[&str]) -> Playback {
    Playback::new(parts.iter().flat_map(|part| bytes(part)).collect())
}

/// The library draws a scalar as 64 bytes reduced modulo the order; these give the scalar itself.
const REST_OF_A_SCALAR: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn identifiers(vector: &Vector) -> Identifiers<'static> {
    let (client, server) = vector.identities.unzip();
    Identifiers { client, server }
}

/// Seed, private key, and the public key that records of unknown names pretend to have.
fn setup(seed: &str, private: &str, pretended: &str) -> ServerSetup<Rfc> {
    ServerSetup::deserialize(&[bytes(seed), bytes(private), bytes(pretended)].concat()).unwrap()
}

#[test]
fn real_vectors() {
    for vector in &REAL {
        let setup = setup(OPRF_SEED, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY);
        let mut rng = random(&[BLIND_REGISTRATION, REST_OF_A_SCALAR, ENVELOPE_NONCE]);
        let client = ClientRegistration::<Rfc>::start(&mut rng, PASSWORD).unwrap();
        assert_eq!(client.message.serialize().as_slice(), bytes(REQUEST));
        let request = RegistrationRequest::deserialize(&bytes(REQUEST)).unwrap();
        let server = ServerRegistration::<Rfc>::start(&setup, request, CREDENTIAL).unwrap();
        assert_eq!(server.message.serialize().as_slice(), bytes(RESPONSE));
        let response = RegistrationResponse::deserialize(&bytes(RESPONSE)).unwrap();
        let parameters = ClientRegistrationFinishParameters::new(identifiers(vector), None);
        let done = client.state.finish(&mut rng, PASSWORD, response, parameters).unwrap();
        rng.finish().unwrap();
        assert_eq!(done.message.serialize().as_slice(), bytes(vector.upload));
        assert_eq!(done.export_key.as_slice(), bytes(EXPORT_KEY));
        log_in(&setup, vector);
    }
}

fn log_in(setup: &ServerSetup<Rfc>, vector: &Vector) {
    let mut rng = random(&[BLIND_LOGIN, REST_OF_A_SCALAR, CLIENT_KEYSHARE_SEED, CLIENT_NONCE]);
    let client = ClientLogin::<Rfc>::start(&mut rng, PASSWORD).unwrap();
    assert_eq!(client.message.serialize().as_slice(), bytes(KE1));
    let parameters = || ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers(vector) };
    let upload = RegistrationUpload::<Rfc>::deserialize(&bytes(vector.upload)).unwrap();
    let request = CredentialRequest::deserialize(&bytes(KE1)).unwrap();
    // A record for an unknown name is always made, and thrown away here.
    let (unused, record) = (REST_OF_A_SCALAR, ServerRegistration::finish(upload));
    let mut server_rng = random(&[unused, unused, MASKING_NONCE, SERVER_KEYSHARE_SEED, SERVER_NONCE]);
    let server =
        ServerLogin::start(&mut server_rng, setup, Some(record), request, CREDENTIAL, parameters()).unwrap();
    server_rng.finish().unwrap();
    assert_eq!(server.message.serialize().as_slice(), bytes(vector.ke2));
    let response = CredentialResponse::deserialize(&bytes(vector.ke2)).unwrap();
    let client_parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(vector), None);
    let done = client.state.finish(&mut rng, PASSWORD, response, client_parameters).unwrap();
    rng.finish().unwrap();
    assert_eq!(done.message.serialize().as_slice(), bytes(vector.ke3));
    assert_eq!(done.session_key.as_slice(), bytes(vector.session_key));
    assert_eq!(done.export_key.as_slice(), bytes(EXPORT_KEY));
    let finalization = CredentialFinalization::deserialize(&bytes(vector.ke3)).unwrap();
    let session = server.state.finish(finalization, parameters()).unwrap().session_key;
    assert_eq!(session.as_slice(), bytes(vector.session_key));
}

/// What a server answers for a name that it does not know.
#[test]
fn fake_vector() {
    let setup = setup(
        "743fc168d1f826ad43738933e5adb23da6fb95f95a1b069f0daa0522d0
            a78b617f701fc6aa46d3e7981e70de7765dfcd6b1e13e3369a582eb8dc456b10aa53b0",
        "c788585ae8b5ba2942b693b849be0c0426384e41977c18d2e81fbe30fd7c9f06",
        "84f43f9492e19c22d8bdaa4447cc3d4db1cdb5427a9f852c4707921212c36251",
    );
    let mut rng = random(&[
        "39ebd51f0e39a07a1c2d2431995b0399bca9996c5d10014d6ebab445
            3dc10ce5cef38ed3df6e56bfff40c2d8dd4671c2b4cf63c3d54860f31fe40220d690bb71",
        "9c035896a043e70f897d87180c543e7a063b83c1bb728fbd189c619e27b6e5a6",
        "360b0937f47d45f6123a4d8f0d0c0814b6120d840ebb8bc5b4f6b62df07f78c2",
        "1e10f6eeab2a7a420bf09da9b27a4639645622c46358de9cf7ae813055ae2d12",
    ]);
    let ke1 = "b0a26dcaca2230b8f5e4b1bcab9c84b586140221bb8b2848486874b0be448905
        42d4e61ed3f8d64cdd3b9d153343eca15b9b0d5e388232793c6376bd2d9cfd0ab641d
        7f20a245a09f1d4dbb6e301661af7f352beb0791d055e48d3645232f77f";
    let parameters = ServerLoginParameters {
        context: Some(CONTEXT),
        identifiers: Identifiers { client: Some(b"alice"), server: Some(b"bob") },
    };
    let request = CredentialRequest::<Rfc>::deserialize(&bytes(ke1)).unwrap();
    let server = ServerLogin::start(&mut rng, &setup, None, request, CREDENTIAL, parameters).unwrap();
    rng.finish().unwrap();
    let ke2 = "928f79ad8df21963e91411b9f55165ba833dea918f441db967cdc09521d22925
        9c035896a043e70f897d87180c543e7a063b83c1bb728fbd189c619e27b6e5a632b5a
        b1bff96636144faa4f9f9afaac75dd88ea99cf5175902ae3f3b2195693f165f11929b
        a510a5978e64dcdabecbd7ee1e4380ce270e58fea58e6462d92964a1aaef72698bca1
        c673baeb04cc2bf7de5f3c2f5553464552d3a0f7698a9ca7f9c5e70c6cb1f706b2f17
        5ab9d04bbd13926e816b6811a50b4aafa9799d5ed7971e10f6eeab2a7a420bf09da9b
        27a4639645622c46358de9cf7ae813055ae2d1298251c5ba55f6b0b2d58d9ff0c88fe
        4176484be62a96db6e2a8c4d431bd1bf27fe6c1d0537603835217d42ebf7b25819827
        32e74892fd28211b31ed33863f0beaf75ba6f59474c0aaf9d78a60a9b2f4cd24d7ab5
        4131b3c8efa192df6b72db4c";
    assert_eq!(server.message.serialize().as_slice(), bytes(ke2));
}

/// RFC 9106 section 5.3.
#[test]
fn argon2id() {
    use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .build()
        .unwrap();
    let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
    assert_eq!(tag.as_slice(), bytes(expected));
}
