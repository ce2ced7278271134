#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::crypto::group::ParameterForm;

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

// Doc 9303-11, appendices G.1, G.2, H.1 and I.1: the PACEInfo of each worked example.
#[test]
fn the_infos_of_the_worked_examples_are_read_and_written() {
    use {Agreement::*, Mapping::*};
    for (der, mapping, agreement, id) in [
        ("3012060A 04007F00 07020204 02020201 0202010D", Generic, Ecdh, 13),
        ("3012060A 04007F00 07020204 01020201 02020100", Generic, Dh, 0),
        ("3012060A 04007F00 07020204 04020201 0202010D", Integrated, Ecdh, 13),
        ("3012060A 04007F00 07020204 03020201 02020100", Integrated, Dh, 0),
        ("3012060A 04007F00 07020204 06020201 0202010D", ChipAuthentication, Ecdh, 13),
    ] {
        let file = tlv::object(SET, &bytes(der));
        let infos = SecurityInfos::parse(&file).unwrap();
        let protocol = PaceProtocol { mapping, agreement, suite: Suite::Aes128 };
        assert_eq!(infos.0, [SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(id) }]);
        assert_eq!(infos.to_der(), file);
        assert!(infos.announces_pace());
    }
}

// Doc 9303-11, appendix I.1: the public key of chip authentication mapping, in EF.CardSecurity.
#[test]
fn the_public_key_of_the_worked_example_is_read_and_written() {
    let der = bytes(
        "30620609 04007F00 07020201 02305230 0C060704 007F0007 01020201 0D034200 04187270 9494399E 7470A643 1BE25E83
         EEE24FEA 568C2ED2 8DB48E05 DB3A610D C884D256 A40E35EF CB59BF67 53D3A489 D28C7A4D 973C2DA1 38A6E7A4 A08F68E1
         6F02010D"
            .replace('\n', "")
            .as_str(),
    );
    let infos = SecurityInfos::parse(&tlv::object(SET, &der)).unwrap();
    let (id, key) = infos.chip_authentication_keys().next().unwrap();
    let key = key.unwrap();
    assert_eq!((id, key.group().id()), (Some(13), Some(13)));
    let written = key.public_key_info(ParameterForm::Standardized).unwrap();
    assert_eq!(SecurityInfo::of_public_key(&key, written, id).to_der(), der);
}

/// DG14 is read before anybody looks at its signature.
#[test]
fn no_more_keys_are_decoded_than_a_chip_can_have() {
    let key = |key_id| SecurityInfo::ChipAuthenticationPublicKey {
        agreement: Agreement::Ecdh,
        public_key: vec![SEQUENCE as u8, 0],
        key_id: Some(key_id),
    };
    let infos = SecurityInfos((0..1_000).map(key).collect());
    assert_eq!(infos.chip_authentication_keys().count(), 4);
}

// BSI TR-03110, worked example: EF.CardAccess of an identity card, with objects that passports have not.
#[test]
fn what_passports_have_not_is_kept_as_it_was() {
    let file = bytes(
        "3181C6300D060804007F00070202020201023012060A04007F000702020302020201020201013012060A04007F00070202040202\
         0201020201 0D301C060904007F000702020302300C060704007F0007010202010D020101302F060804007F0007020206162368\
         747470733A2F2F7777772E686A702D636F6E73756C74696E672E636F6D2F686F6D65303E060804007F00070202083132301206\
         0A04007F00070202030202020102020102301C060904007F000702020302300C060704007F0007010202010D020102",
    );
    let infos = SecurityInfos::parse(&file).unwrap();
    assert_eq!(infos.0.len(), 6);
    assert_eq!(infos.0[0], SecurityInfo::TerminalAuthentication { version: 2, cvca_file: None });
    let protocol = ChipAuthenticationProtocol { agreement: Agreement::Ecdh, suite: Suite::Aes128 };
    assert_eq!(infos.0[1], SecurityInfo::ChipAuthentication { protocol, version: 2, key_id: Some(1) });
    assert_eq!(infos.0.iter().filter(|info| matches!(info, SecurityInfo::Other { .. })).count(), 3);
    assert_eq!(SecurityInfos::parse(&infos.to_der()).unwrap().0.len(), 6);
    assert_eq!(infos.to_der().len(), file.len());
}

#[test]
fn every_protocol_has_its_own_identifier() {
    let protocols: Vec<_> = PaceProtocol::all().collect();
    assert_eq!(protocols.len(), 19);
    for protocol in &protocols {
        assert_eq!(PaceProtocol::from_oid(&protocol.oid()), Some(*protocol));
    }
    // Chip authentication mapping with 3DES is not defined.
    assert!(PaceProtocol::from_oid(&bytes("04007F00070202040601")).is_none());
    for agreement in [Agreement::Dh, Agreement::Ecdh] {
        for suite in Suite::ALL {
            let protocol = ChipAuthenticationProtocol { agreement, suite };
            assert_eq!(ChipAuthenticationProtocol::from_oid(&protocol.oid()), Some(protocol));
        }
    }
}

#[test]
fn pace_that_cannot_be_used_is_still_announced() {
    let malformed = tlv::object(SET, &bytes("3010060A04007F000702020402020500 0500"[..].trim()));
    assert!(SecurityInfos::parse(&malformed).unwrap().announces_pace());
    let unknown = tlv::object(SET, &bytes("300F060A04007F00070202040909 020102"));
    assert!(SecurityInfos::parse(&unknown).unwrap().announces_pace());
    let other = tlv::object(SET, &bytes("300D060804007F0007020202020101"));
    assert!(!SecurityInfos::parse(&other).unwrap().announces_pace());
}

fn info() -> impl Strategy<Value = SecurityInfo> {
    let id = || prop::option::of(any::<u64>());
    let protocols: Vec<_> = PaceProtocol::all().collect();
    let suite = prop::sample::select(Suite::ALL.to_vec());
    let agreement = || prop::sample::select(vec![Agreement::Dh, Agreement::Ecdh]);
    let file = prop::option::of((any::<u16>(), prop::option::of(any::<u8>())));
    prop_oneof![
        (prop::sample::select(protocols), any::<u64>(), id())
            .prop_map(|(protocol, version, parameter_id)| SecurityInfo::Pace { protocol, version, parameter_id }),
        (agreement(), suite, any::<u64>(), id()).prop_map(|(agreement, suite, version, key_id)| {
            let protocol = ChipAuthenticationProtocol { agreement, suite };
            SecurityInfo::ChipAuthentication { protocol, version, key_id }
        }),
        (any::<u64>(), file)
            .prop_map(|(version, cvca_file)| SecurityInfo::TerminalAuthentication { version, cvca_file }),
        (any::<u64>(), prop::collection::vec(any::<u8>(), 1..12)).prop_map(|(version, signature_algorithm)| {
            SecurityInfo::ActiveAuthentication { version, signature_algorithm }
        }),
        (agreement(), prop::collection::vec(any::<u8>(), 0..9), id()).prop_map(|(agreement, content, key_id)| {
            let public_key = tlv::object(SEQUENCE, &content);
            SecurityInfo::ChipAuthenticationPublicKey { agreement, public_key, key_id }
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(infos in prop::collection::vec(info(), 0..6)) {
        let read = SecurityInfos::parse(&SecurityInfos(infos.clone()).to_der()).unwrap();
        prop_assert_eq!(read.0.len(), infos.len());
        for info in &infos {
            prop_assert!(read.0.contains(info), "{info:?}");
        }
    }

    #[test]
    fn random_bytes_never_panic(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = SecurityInfos::parse(&content);
        if let Ok(infos) = SecurityInfos::parse(&tlv::object(SET, &content)) {
            infos.chip_authentication_keys().for_each(drop);
            prop_assert_eq!(infos.to_der().len(), tlv::object(SET, &content).len());
        }
    }
}
