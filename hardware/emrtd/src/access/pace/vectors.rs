//! The worked examples of Doc 9303-11, both sides, with every intermediate value that the document prints.
#![allow(clippy::unwrap_used)]

use rand::{SeedableRng as _, rngs::StdRng};

use super::*;
use crate::{
    crypto::group::{Group, KeyPair},
    mrz::Mrz,
    security_info::{Mapping, SecurityInfos},
};

/// Gives what is written down, then chance.
pub(super) struct Script {
    bytes: Vec<u8>,
    rest: StdRng,
}

impl Script {
    pub(super) fn new(parts: &[&str]) -> Self {
        Self { bytes: parts.iter().flat_map(|part| bytes(part)).collect(), rest: StdRng::seed_from_u64(1) }
    }
}

impl rand::TryRng for Script {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.rest.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.rest.try_next_u64()
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        if self.bytes.len() < out.len() {
            return self.rest.try_fill_bytes(out);
        }
        out.copy_from_slice(&self.bytes.drain(..out.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl rand::TryCryptoRng for Script {}

pub(super) fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.split_whitespace().collect::<String>()).unwrap()
}

fn upper(data: &[u8]) -> String {
    hex::encode_upper(data)
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect()
}

fn offer(card_access: &str) -> Offer {
    let file = tlv::object(0x31, &bytes(card_access));
    Offer::select(&SecurityInfos::parse(&file).unwrap()).unwrap()
}

/// The password of appendix G, as MRZ_information.
fn password_g() -> Password {
    let zone = "I<UTOT220001293<<<<<<<<<<<<<<<\n6408125M1010318UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    Password::of_mrz(&Mrz::parse(zone).unwrap().key())
}

/// One worked example with generic mapping.
struct Generic {
    offer: Offer,
    password: Password,
    nonce: &'static str,
    encrypted_nonce: &'static str,
    /// Private keys: terminal's mapping, terminal's ephemeral, chip's mapping, chip's ephemeral.
    private: [&'static str; 4],
    /// Public keys in the same order.
    public: [&'static str; 4],
    generator: &'static str,
    secret: &'static str,
    encryption: &'static str,
    mac: &'static str,
    /// Terminal's and chip's.
    tokens: [&'static str; 2],
}

impl Generic {
    fn intermediate_values(&self) {
        let group = &self.offer.group;
        let [a, b, c, d] = self.private.map(bytes);
        let (terminal, chip) = (KeyPair::from_private(group, &a).unwrap(), KeyPair::from_private(group, &c).unwrap());
        let suite = self.offer.protocol.suite;
        let decrypted = suite.decrypt(&self.password.key(suite), &zero_vector(suite), &bytes(self.encrypted_nonce));
        assert_eq!(upper(&decrypted), plain(self.nonce));
        assert_eq!(upper(terminal.public().encoded()), plain(self.public[0]));
        assert_eq!(upper(chip.public().encoded()), plain(self.public[2]));
        for (own, other) in [(&terminal, &chip), (&chip, &terminal)] {
            let generator = group.map_generic(&decrypted, own, other.public()).unwrap();
            assert_eq!(upper(&generator.encode().unwrap()), plain(self.generator));
            let terminal = KeyPair::from_private_mapped(&generator, &b).unwrap();
            let chip = KeyPair::from_private_mapped(&generator, &d).unwrap();
            assert_eq!(upper(&terminal.agree(chip.public()).unwrap()), plain(self.secret));
        }
        let keys = Keys::derive(suite, &bytes(self.secret));
        assert_eq!(upper(&keys.encryption), plain(self.encryption));
        assert_eq!(upper(&keys.mac), plain(self.mac));
    }

    /// Runs both sides; gives what the terminal gets.
    fn run(self) -> terminal::Established {
        let mut terminal_rng = Script::new(&self.private[..2]);
        let mut chip_rng = Script::new(&[self.nonce, self.private[2], self.private[3]]);
        let copy = Password { secret: self.password.secret.clone(), reference: self.password.reference };
        let (terminal, command) = terminal::AwaitNonce::start(self.offer.clone(), self.password);
        assert_eq!(upper(&command), "7C00");
        let chip = chip::AwaitStart::new(self.offer, copy, None).unwrap();
        let (chip, response) = chip.nonce(&command, &mut chip_rng).unwrap();
        assert_eq!(response, dynamic_data(&[(NONCE, &bytes(self.encrypted_nonce))]));
        let (terminal, command) = terminal.map(&response, &mut terminal_rng).unwrap();
        assert_eq!(command, dynamic_data(&[(TERMINAL_MAPPING, &bytes(self.public[0]))]));
        let (chip, response) = chip.map(&command, &mut chip_rng).unwrap();
        assert_eq!(response, dynamic_data(&[(CHIP_MAPPING, &bytes(self.public[2]))]));
        let (terminal, command) = terminal.agree(&response, &mut terminal_rng).unwrap();
        assert_eq!(command, dynamic_data(&[(TERMINAL_KEY, &bytes(self.public[1]))]));
        let (chip, response) = chip.agree(&command, &mut chip_rng).unwrap();
        assert_eq!(response, dynamic_data(&[(CHIP_KEY, &bytes(self.public[3]))]));
        let (terminal, command) = terminal.authenticate(&response).unwrap();
        assert_eq!(command, dynamic_data(&[(TERMINAL_TOKEN, &bytes(self.tokens[0]))]));
        let (at_chip, response) = chip.finish(&command).unwrap();
        assert_eq!(response, dynamic_data(&[(CHIP_TOKEN, &bytes(self.tokens[1]))]));
        let established = terminal.finish(&response).unwrap();
        for keys in [&at_chip.keys, &established.keys] {
            assert_eq!(upper(&keys.encryption), plain(self.encryption));
            assert_eq!(upper(&keys.mac), plain(self.mac));
        }
        established
    }
}

// Doc 9303-11, appendix G.1 (and D.5 of BSI TR-03110): the password's key, MSE:Set AT.
#[test]
fn g1_password_and_set_at() {
    let password = password_g();
    assert_eq!(upper(&password.secret), plain("7E2D2A41 C74EA0B3 8CD36F86 3939BFA8 E9032AAD"));
    assert_eq!(upper(&password.key(Suite::Aes128)), plain("89DED1B2 6624EC1E 634C1989 302849DD"));
    let offer = offer("3012060A 04007F00 07020204 02020201 0202010D");
    let set_at = SetAt { protocol: offer.protocol, reference: password.reference(), parameter_id: None };
    assert_eq!(upper(&set_at.to_bytes()), "800A04007F00070202040202830101");
    assert_eq!(SetAt::parse(&set_at.to_bytes()).unwrap(), set_at);
    let with_number = SetAt { parameter_id: offer.parameter_id, ..set_at };
    assert_eq!(upper(&with_number.to_bytes()), "800A04007F0007020204020283010184010D");
    assert_eq!(SetAt::parse(&with_number.to_bytes()).unwrap(), with_number);
}

// Doc 9303-11, appendix G.1: generic mapping, ECDH on brainpoolP256r1, AES-128.
#[test]
fn g1_generic_mapping_on_a_curve() {
    let example = || Generic {
        offer: offer("3012060A 04007F00 07020204 02020201 0202010D"),
        password: password_g(),
        nonce: "3F00C4D3 9D153F2B 2A214A07 8D899B22",
        encrypted_nonce: "95A3A016 522EE98D 01E76CB6 B98B42C3",
        private: [
            "7F4EF07B 9EA82FD7 8AD689B3 8D0BC78C F21F249D 953BC46F 4C6E1925 9C010F99",
            "A73FB703 AC1436A1 8E0CFA5A BB3F7BEC 7A070E7A 6788486B EE230C4A 22762595",
            "498FF497 56F2DC15 87840041 839A8598 2BE7761D 14715FB0 91EFA7BC E9058560",
            "107CF586 96EF6155 053340FD 633392BA 81909DF7 B9706F22 6F32086C 7AFF974A",
        ],
        public: [
            "04 7ACF3EFC 982EC455 65A4B155 129EFBC7 4650DCBF A6362D89 6FC70262 E0C2CC5E
             544552DC B6725218 799115B5 5C9BAA6D 9F6BC3A9 618E70C2 5AF71777 A9C4922D",
            "04 2DB7A64C 0355044E C9DF1905 14C625CB A2CEA487 54887122 F3A5EF0D 5EDD301C
             3556F3B3 B186DF10 B857B58F 6A7EB80F 20BA5DC7 BE1D43D9 BF850149 FBB36462",
            "04 824FBA91 C9CBE26B EF53A0EB E7342A3B F178CEA9 F45DE0B7 0AA60165 1FBA3F57
             30D8C879 AAA9C9F7 3991E61B 58F4D52E B87A0A0C 709A49DC 63719363 CCD13C54",
            "04 9E880F84 2905B8B3 181F7AF7 CAA9F0EF B743847F 44A306D2 D28C1D9E C65DF6DB
             7764B222 77A2EDDC 3C265A9F 018F9CB8 52E111B7 68B32690 4B59A019 3776F094",
        ],
        generator: "04 8CED63C9 1426D4F0 EB1435E7 CB1D74A4 6723A0AF 21C89634 F65A9AE8 7A9265E2
                    8C879506 743F8611 AC33645C 5B985C80 B5F09A0B 83407C1B 6A4D857A E76FE522",
        secret: "28768D20 701247DA E81804C9 E780EDE5 82A9996D B4A31502 0B273319 7DB84925",
        encryption: "F5F0E35C 0D7161EE 6724EE51 3A0D9A7F",
        mac: "FE251C78 58B356B2 4514B3BD 5F4297D1",
        tokens: ["C2B0BD78 D94BA866", "3ABB9674 BCE93C08"],
    };
    example().intermediate_values();
    assert!(example().run().chip_proof.is_none());
}

// Doc 9303-11, appendix G.2: generic mapping, DH in the group of 1024 bits, AES-128. The terminal's ephemeral key has a
// leading zero, so that this example also tells how integers stand in the tokens.
#[test]
fn g2_generic_mapping_in_a_field() {
    let example = || {
        Generic {
        offer: offer("3012060A 04007F00 07020204 01020201 02020100"),
        password: password_g(),
        nonce: "FA5B7E3E 49753A0D B9178B7B 9BD898C8",
        encrypted_nonce: "854D8DF5 827FA685 2D1A4FA7 01CDDDCA",
        private: [
            "5265030F 751F4AD1 8B08AC56 5FC7AC95 2E41618D",
            "89CCD99B 0E8D3B1F 11E1296D CA68EC53 411CF2CA",
            "66DDAFEA C1609CB5 B963BB0C B3FF8B3E 047F336C",
            "A5B78012 6B7C980E 9FCEA1D4 539DA1D2 7C342DFA",
        ],
        public: [
            "23FB3749 EA030D2A 25B278D2 A562047A DE3F01B7 4F17A154 02CB7352 CA7D2B3E B71C343D B13D1DEB CE9A3666 DBCFC920
             B49174A6 02CB4796 5CAA73DC 702489A4 4D41DB91 4DE9613D C5E98C94 160551C0 DF86274B 9359BC04 90D01B03 AD54022D
             CB4F57FA D6322497 D7A1E28D 46710F46 1AFE710F BBBC5F8B A166F431 1975EC6C",
            "00907D89 E2D425A1 78AA81AF 4A7774EC 8E388C11 5CAE6703 1E85EECE 520BD911 551B9AE4 D04369F2 9A02626C 86FBC674
             7CC7BC35 2645B616 1A2A42D4 4EDA80A0 8FA8D61B 76D3A154 AD8A5A51 786B0BC0 71470578 71A92221 2C5F67F4 31731722
             36B7747D 1671E6D6 92A3C7D4 0A0C3C5C E397545D 015C175E B5130551 EDBC2EE5 D4",
            "78879F57 225AA808 0D52ED0F C890A4B2 5336F699 AA89A2D3 A189654A F70729E6 23EA5738 B26381E4 DA19E004 706FACE7
             B235C2DB F2F38748 312F3C98 C2DD4882 A41947B3 24AA1259 AC22579D B93F7085 655AF308 89DBB845 D9E6783F E42C9F24
             49400306 254C8AE8 EE9DD812 A804C0B6 6E8CAFC1 4F84D825 8950A91B 44126EE6",
            "075693D9 AE941877 573E634B 6E644F8E 60AF17A0 076B8B12 3D920107 4D36152B D8B3A213 F53820C4 2ADC79AB 5D0AEEC3
             AEFB9139 4DA476BD 97B9B14D 0A65C1FC 71A0E019 CB08AF55 E1F72900 5FBA7E3F A5DC4189 9238A250 767A6D46 DB974064
             386CD456 743585F8 E5D90CC8 B4004B1F 6D866C79 CE0584E4 9687FF61 BC29AEA1",
        ],
        generator: "7C9CBFE9 8F9FBDDA 8D143506 FA7D9306 F4CB17E3 C71707AF F5E1C1A1 23702496 84D64EE3 7AF44B8D BD9D45BF
                    6023919C BAA027AB 97ACC771 666C8E98 FF483301 BFA4872D EDE9034E DFACB708 14166B7F 36067682 9B826BEA
                    57291B5A D69FBC84 EF1E7790 32A30580 3F743417 93E86974 2D401325 B37EE856 5FFCDEE6 18342DC5",
        secret: "6BABC7B3 A72BCD7E A385E4C6 2DB2625B D8613B24 149E146A 629311C4 CA6698E3 8B834B6A 9E9CD718 4BA8834A
                 FF5043D4 36950C4C 1E783236 7C10CB8C 314D40E5 990B0DF7 013E64B4 549E2270 923D06F0 8CFF6BD3 E977DDE6
                 ABE4C31D 55C0FA2E 465E553E 77BDF75E 3193D383 4FC26E8E B1EE2FA1 E4FC97C1 8C3F6CFF FE2607FD",
        encryption: "2F7F46AD CC9E7E52 1B45D192 FAFA9126",
        mac: "805A1D27 D45A5116 F73C5446 9462B7D8",
        tokens: ["B46DD9BD 4D98381F", "917F37B5 C0E6D8D1"],
    }
    };
    example().intermediate_values();
    let Generic { offer, public, mac, tokens, encryption, .. } = example();
    let key = |text: &str| offer.group.decode(&bytes(text)).unwrap();
    let keys = Keys { suite: offer.protocol.suite, encryption: bytes(encryption).into(), mac: bytes(mac).into() };
    assert_eq!(upper(&token(offer.protocol, &keys, &key(public[3]))), plain(tokens[0]));
    assert_eq!(upper(&token(offer.protocol, &keys, &key(public[1]))), plain(tokens[1]));
}

// BSI, Worked Example for Extended Access Control, version 1.0: PACE with ECDH on brainpoolP256r1, AES-128.
#[test]
fn bsi_pace_on_a_curve() {
    let example = || Generic {
        offer: offer("3012060A 04007F00 07020204 02020201 0202010D"),
        password: Password::of_can(&Can::parse("123456").unwrap()),
        nonce: "7D98C00F C6C9E954 3BBF94A8 7073A123",
        encrypted_nonce: "CE834CDE 69FFBB1D 1EB21585 CD709F18",
        private: [
            "752287F5 B02DE3C4 BC3E1794 5118C51B 23C97278 E4CD7480 48AC56BA 5BDC3D46",
            "9D9A32DF 93A57CCE 33CA3CDD 3457E33A 976F2935 46C73550 F397259C 93BE0120",
            "19C42871 5663DE74 5D1824B8 55D2B967 890C99D6 8ED5FEEE 9DCDF8D7 BBA289D2",
            "15872C56 908C1440 02177994 CFAAEDD5 467CE150 853C4453 5051FF24 183039D8",
        ],
        public: [
            "04 3DD29BBE 5907FD21 A152ADA4 895FAAE7 ACC55F5E 50EFBFDE 5AB0C6EB 54F198D6
             15913635 F0FDF5BE B383E003 55F82D3C 41ED0DF2 E2836343 3DFB7385 6A15DC9F",
            "04 518BC4E5 32AD2A9B D6527804 D5D665AB D5104103 7A0CC8AA 922804EB 501C222B
             34273885 99AFAAE9 FBACE2DF 93E13C3C 4979CD12 F0AE3E3C 01260283 91554582",
            "04 9CFCF758 2AC986D0 DD52FA53 123414C3 E1B96B4D 00ABA8E5 74679B70 EFB5BC3B
             45D2F137 29CC2AE1 78E7E241 B4432135 33B77DBB 44649A81 5DDC4A23 84BA422A",
            "04 282CF380 73036AFA C216AF13 5BD994DA 0C357F10 BD4C34AF EA1042B2 EB0FD680
             4DF3658B 835AC2E7 133F1369 1184542B B50B1099 63A4662A BDC08B97 63AF4B5B",
        ],
        generator: "04 3929D28B A1E5339D 6C5DADE5 E33BD3C2 F0BD14DD 77C75215 32261659 C918FA60
                    14DD48FA 84E62BDE 438EDB4C 9771D042 CDB24B77 88BDBAB2 031C4575 1E777F66",
        secret: "6E7D077C CD367C2E AA683F1E 8EC53430 2E2D00B6 ADAF8A87 A6EDA787 40F17606",
        encryption: "68406B41 62100563 D9C901A6 154D2901",
        mac: "73FF2687 84F72AF8 33FDC946 4049AFC9",
        tokens: ["A27AE7B3 6573C1D9", "A2658C2F 38600B0F"],
    };
    example().intermediate_values();
    example().run();
}

/// The private keys of appendix H.2 are longer than the order; their residues make the same public keys.
fn residue(group: &Group, private: &str) -> Vec<u8> {
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let mut residue = openssl::bn::BigNum::new().unwrap();
    let private = openssl::bn::BigNum::from_slice(&bytes(private)).unwrap();
    residue.nnmod(&private, group.order(), &mut context).unwrap();
    residue.to_vec_padded(group.order().num_bytes()).unwrap()
}

/// One worked example with integrated mapping.
struct Integrated {
    offer: Offer,
    encrypted_nonce: &'static str,
    nonces: [&'static str; 2],
    random: &'static str,
    generator: &'static str,
    /// Ephemeral keys: terminal's and chip's.
    private: [&'static str; 2],
    public: [&'static str; 2],
    secret: &'static str,
    encryption: &'static str,
    mac: &'static str,
    tokens: [&'static str; 2],
}

impl Integrated {
    fn check(&self) {
        let Offer { protocol, group, .. } = &self.offer;
        let suite = protocol.suite;
        // Appendix H tells only the key of its password, which is that of BSI's examples.
        let key = Password::of_can(&Can::parse("123456").unwrap()).key(suite);
        assert_eq!(upper(&key), plain("591468CD A83D6521 9CCCB856 0233600F"));
        let nonce = suite.decrypt(&key, &zero_vector(suite), &bytes(self.encrypted_nonce));
        assert_eq!(upper(&nonce), plain(self.nonces[0]));
        let terminal = bytes(self.nonces[1]);
        let bits = usize::try_from(group.prime().num_bits()).unwrap();
        let random = integrated::pseudo_random(bits, suite, &nonce, &terminal).unwrap();
        assert_eq!(upper(&random), plain(self.random));
        let generator = integrated::map(group, suite, &nonce, &terminal).unwrap();
        assert_eq!(upper(&generator.encode().unwrap()), plain(self.generator));
        let pair = |private| KeyPair::from_private_mapped(&generator, &residue(group, private)).unwrap();
        let (own, other) = (pair(self.private[0]), pair(self.private[1]));
        assert_eq!(upper(own.public().encoded()), plain(self.public[0]));
        assert_eq!(upper(other.public().encoded()), plain(self.public[1]));
        let chip = group.decode(&bytes(self.public[1])).unwrap();
        let secret = own.agree(&chip).unwrap();
        assert_eq!(upper(&secret), plain(self.secret));
        let keys = Keys::derive(suite, &secret);
        assert_eq!(upper(&keys.encryption), plain(self.encryption));
        assert_eq!(upper(&keys.mac), plain(self.mac));
        assert_eq!(upper(&token(*protocol, &keys, &chip)), plain(self.tokens[0]));
        assert_eq!(upper(&token(*protocol, &keys, own.public())), plain(self.tokens[1]));
    }
}

// Doc 9303-11, appendix H.1: integrated mapping, ECDH on brainpoolP256r1, AES-128.
#[test]
fn h1_integrated_mapping_on_a_curve() {
    Integrated {
        offer: offer("3012060A 04007F00 07020204 04020201 0202010D"),
        encrypted_nonce: "143DC40C 08C8E891 FBED7DED B92B64AD",
        nonces: ["2923BE84 E16CD6AE 529049F1 F1BBE9EB", "5DD4CBFC 96F5453B 130D890A 1CDBAE32"],
        random: "E4447E2D FB3586BA C05DDB00 156B57FB B2179A39 49294C97 25418980 0C517BAA 8DA0FF39 7ED8C445 D3E421E4
                 FEB57322",
        generator: "04 8E82D315 59ED0FDE 92A4D049 8ADD3C23 BABA94FB 77691E31 E90AEA77 FB17D427
                    4C1AE14B D0C3DBAC 0C871B7F 36081693 64437CA3 0AC243A0 89D3F266 C1E60FAD",
        private: [
            "A73FB703 AC1436A1 8E0CFA5A BB3F7BEC 7A070E7A 6788486B EE230C4A 22762595",
            "107CF586 96EF6155 053340FD 633392BA 81909DF7 B9706F22 6F32086C 7AFF974A",
        ],
        public: [
            "04 89CBA23F FE96AA18 D824627C 3E934E54 A9FD0B87 A95D1471 DC1C0ABF DCD640D4
             6755DE9B 7B778280 B6BEBD57 439ADFEB 0E21FD4E D6DF4257 8C13418A 59B34C37",
            "04 67F78E5F 7F768608 2B293E8D 087E0569 16D0F74B C01A5F89 57D0DE45 691E51E8
             932B69A9 62B52A09 85AD2C0A 271EE6A1 3A8ADDDC D1A3A994 B9DED257 F4D22753",
        ],
        secret: "4F150FDE 1D4F0E38 E95017B8 91BAE171 33A0DF45 B0D3E18B 60BA7BEA FDC2C713",
        encryption: "0D3FEB33 251A6370 893D62AE 8DAAF51B",
        mac: "B01E89E3 D9E8719E 586B50B4 A7506E0B",
        tokens: ["450F02B8 6F6A0909", "75D4D96E 8D5B0308"],
    }
    .check();
}

// Doc 9303-11, appendix H.2: integrated mapping, DH in the group of 1024 bits, AES-128.
#[test]
fn h2_integrated_mapping_in_a_field() {
    Integrated {
        offer: offer("3012060A 04007F00 07020204 03020201 02020100"),
        encrypted_nonce: "9ABB8864 CA0FF155 1E620D1E F4E13510",
        nonces: ["FA5B7E3E 49753A0D B9178B7B 9BD898C8", "B3A6DB3C 870C3E99 245E0D1C 06B747DE"],
        random: "EAB98D13 E0905295 2AA72990 7C3C9461 84DEA0FE 74AD2B3A F506F0A8 3018459C 38099CD1 F7FF4EA0 A078DB1F
                 AC136550 5E3DC855 00EF95E2 0B4EEF2E 88489233 BEE0546B 472F994B 618D1687 02406791 DEEF3CB4 810932EC
                 278F3533 FDB860EB 4835C36F A4F1BF3F A0B828A7 18C96BDE 88FBA38A 3E6C35AA A1095925 1EB5FC71 0FC18725
                 8995944C 0F926E24 9373F485",
        generator: "1D7D767F 11E333BC D6DBAEF4 0E799E7A 926B9697 3550656F F3C83072 6D118D61 C276CDCC 61D475CF 03A98E0C
                    0E79CAEB A5BE2557 8BD4551D 0B109032 36F0B0F9 76852FA7 8EEA14EA 0ACA87D1 E91F688F E0DFF897 BBE35A47
                    2621D343 564B262F 34223AE8 FC59B664 BFEDFA2B FE7516CA 5510A6BB B633D517 EC25D4E0 BBAA16C2",
        private: [
            "4BD0E547 40F9A028 E6A515BF DAF96784 8C4F5F5F FF65AA09 15947FFD 1A0DF2FA 6981271B C905F355 1457B7E0 3AC3B806
             6DE4AA40 6C1171FB 43DD939C 4BA16175 103BA3DE E16419AA 248118F9 0CC36A3D 6F4C3736 52E0C3CC E7F0F1D0 C5425B36
             00F0F0D6 A67F004C 8BBA33F2 B4733C72 52445C1D FC4F1107 203F71D2 EFB28161",
            "020F018C 7284B047 FA7721A3 37EFB7AC B1440BB3 0C5252BD 41C97C30 C994BB78 E9F0C5B3 2744D840 17D21FFA 6878396A
             6469CA28 3EF5C000 DAF7D261 A39AB886 0ED4610A B5343390 897AAB5A 7787E4FA EFA0649C 6A94FDF8 2D991E8E 3FC332F5
             142729E7 040A3F7D 5A4D3CD7 5CBEE1F0 43C1CAD2 DD484FEB 4ED22B59 7D36688E",
        ],
        public: [
            "0F0CC629 45A80292 51FB7EF3 C094E12E C68E4EF0 7F27CB9D 9CD04C5C 4250FAE0 E4F8A951 557E929A EB48E5C6 DD47F2F5
             CD7C351A 9BD2CD72 2C07EDE1 66770F08 FFCB3702 62CF308D D7B07F2E 0DA9CAAA 1492344C 85290691 9538C98A 4BA4187E
             76CE9D87 832386D3 19CE2E04 3C3343AE AE6EDBA1 A9894DC5 094D22F7 FE1351D5",
            "928D9A0F 9DBA450F 13FC859C 6F290D1D 36E42431 138A4378 500BEB4E 0401854C FF111F71 CB6DC1D0 335807A1 1388CC8E
             AA87B079 07AAD9FB A6B169AF 6D8C26AF 8DDDC39A DC3AD2E3 FF882B84 D23E9768 E95A80E4 746FB07A 9767679F E92133B4
             D379935C 771BD7FB ED6C7BB4 B1708B27 5EA75679 524CDC9C 6A91370C C662A2F3",
        ],
        secret: "419410D6 C0A17A4C 07C54872 CE1CBCEB 0A2705C1 A434C8A8 9A4CFE41 F1D78124 CA7EC52B DE7615E5 345E48AB
                 1ABB6E7D 1D59A57F 3174084D 3CA45703 97C1F622 28BDFDB2 DA191EA2 239E2C06 0DBE3BBC 23C2FCD0 AF12E0F9
                 E0B99FCF 91FF1959 011D5798 B2FCBC1F 14FCC24E 441F4C8F 9B08D977 E9498560 E63E7FFA B3134EA7",
        encryption: "01AFC10C F87BE36D 8179E873 70171F07",
        mac: "23F0FBD0 5FD6C7B8 B88F4C83 09669061",
        tokens: ["55D61977 CBF5307E", "C2F04230 187E1525"],
    }
    .check();
}

/// The chip's public key for chip authentication mapping in appendix I.1, as EF.CardSecurity has it.
const KEY_I: &str = "30620609 04007F00 07020201 02305230 0C060704 007F0007 01020201 0D034200 04187270 9494399E 7470A643
    1BE25E83 EEE24FEA 568C2ED2 8DB48E05 DB3A610D C884D256 A40E35EF CB59BF67 53D3A489 D28C7A4D 973C2DA1 38A6E7A4 A08F68E1
    6F02010D";

// Doc 9303-11, appendix I.1: chip authentication mapping, ECDH on brainpoolP256r1, AES-128. The example does not tell the
// chip's static private key; it follows from the key for the mapping and the proof.
#[test]
fn i1_chip_authentication_mapping() {
    let zone = "I<UTOC11T002JM4<<<<<<<<<<<<<<<\n9608122M2310314UTO<<<<<<<<<<<4\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    let password = Password::of_mrz(&Mrz::parse(zone).unwrap().key());
    let group = Group::standardized(13).unwrap();
    let mapping_key = "9E56A6B5 9C95D06E CE5CD10F 983BB2F4 F1943528 E577F238 81D89D8C 3BBEE0AA";
    let proof = "85DC3FA9 3D0952BF A82F5FD1 89EE75BD 82F11D1F 0B8ED4BF 5319AC9B 53C426B3";
    let pair = |private: &str| KeyPair::from_private(&group, &bytes(private)).unwrap();
    let static_key = KeyPair::from_private(&group, &pair(mapping_key).quotient(&pair(proof)).unwrap()).unwrap();
    let infos = SecurityInfos::parse(&tlv::object(0x31, &bytes(KEY_I))).unwrap();
    let (_, signed) = infos.chip_authentication_keys().next().unwrap();
    assert_eq!(signed.as_ref().unwrap(), static_key.public());
    assert_eq!(upper(&pair(mapping_key).quotient(&static_key).unwrap()), plain(proof));
    let example = Generic {
        offer: offer("3012060A 04007F00 07020204 06020201 0202010D"),
        password,
        nonce: "658B860B C94DF6F0 44FCE6D5 C82CF8E5",
        encrypted_nonce: "CB60E8E0 D85B76A9 BD304747 C2AD42E2",
        private: [
            "5D8BB87B D74D985A 4B7D4325 B9F7B976 FE835122 77340079 8914AA22 738135CC",
            "76ECFDAA 9841C323 A3F5FC5E 88B88DB3 EFF7E35E BF57A7E6 946CB630 006C2120",
            mapping_key,
            "",
        ],
        public: [
            "04 7F1D410A DB7DDB3B 84BF1030 800981A9 105D7457 B4A3ADE0 02384F30 86C67EDE
             1AB88910 4A27DB6D 842B0190 20FBF3CE ACB0DC62 7F7BDCAC 29969E19 D0E553C1",
            "04 446C9340 84D9DAB8 63944F21 9520076C 29EE3F7A E6722B11 FF319EC1 C7728F95
             5483400B FF60BF0C 59292700 09277DC2 A515E125 75010AD9 BA916CF1 BF86FEFC",
            "04 A234236A A9B9621E 8EFB73B5 245C0E09 D2576E52 77183C12 08BDD552 80CAE8B3
             04F36571 3A356E65 A451E165 ECC9AC0A C46E3771 342C8FE5 AEDD0926 85338E23",
            "04 02AD566F 3C6EC7F9 324509AD 50A51FA5 2030782A 4968FCFE DF737DAE A9933331
             11C3B9B4 C2287789 BD137E7F 8AA882E2 A3C633CC D6ECC2C6 3C57AD40 1A09C2E1",
        ],
        generator: "04 89F0B5EA BF3BE293 C75903A3 98613192 5C9F5B51 5CA95AF4 85DC7E88 6F03245D
                    44BEFB2D D3A0DBD7 1CB5E618 971CF474 7F12B79E 548379A4 0E45963B AAF3E829",
        secret: "67950559 D0C06B4D 4B86972D 14460837 461087F8 419FDBC3 6AAF6CEA AC462832",
        encryption: "0A9DA4DB 03BDDE39 FC5202BC 44B2E89E",
        mac: "4B1C0649 1ED5140C A2B537D3 44C6C0B1",
        tokens: ["E86BD060 18A1CD3B", "8596CF05 5C67C1A3"],
    };
    let suite = Suite::Aes128;
    let key = example.password.key(suite);
    assert_eq!(upper(&key), plain("4E6F6FBF 7BE748B9 32C7B741 61BBA9DF"));
    assert_eq!(upper(&suite.decrypt(&key, &zero_vector(suite), &bytes(example.encrypted_nonce))), plain(example.nonce));
    let (terminal, chip) = (pair(example.private[0]), pair(mapping_key));
    assert_eq!(upper(terminal.public().encoded()), plain(example.public[0]));
    assert_eq!(upper(chip.public().encoded()), plain(example.public[2]));
    let generator = group.map_generic(&bytes(example.nonce), &terminal, chip.public()).unwrap();
    assert_eq!(upper(&generator.encode().unwrap()), plain(example.generator));
    let own = KeyPair::from_private_mapped(&generator, &bytes(example.private[1])).unwrap();
    assert_eq!(upper(own.public().encoded()), plain(example.public[1]));
    let chip_key = group.decode(&bytes(example.public[3])).unwrap();
    let secret = own.agree(&chip_key).unwrap();
    assert_eq!(upper(&secret), plain(example.secret));
    let keys = Keys::derive(suite, &secret);
    assert_eq!(upper(&keys.encryption), plain(example.encryption));
    assert_eq!(upper(&keys.mac), plain(example.mac));
    assert_eq!(upper(&token(example.offer.protocol, &keys, &chip_key)), plain(example.tokens[0]));
    assert_eq!(upper(&token(example.offer.protocol, &keys, own.public())), plain(example.tokens[1]));
    let encrypted = bytes(
        "1EEA964D AAE372AC 990E3EFD E6333353 BFC89A67 04D93DA8 798CF77F 5B7A54BD 10CBA372 B42BE0B9 B5F28AA8 DE2F4F92",
    );
    assert_eq!(chip_proof::encrypt(&keys, &bytes(proof)), encrypted);
    let opened = ChipProof::open(&keys, group.decode(&bytes(example.public[2])).unwrap(), &encrypted).unwrap();
    assert_eq!(opened.verify(&infos, Some(13)).unwrap(), *static_key.public());
    assert_eq!(opened.verify(&SecurityInfos::default(), Some(13)).unwrap_err(), ChipProofError::NoKey);
    assert_eq!(example.offer.protocol.mapping, Mapping::ChipAuthentication);
}
