//! WSQ against NIST's own tools: the files in `data/wsq` were made of drawn rings by NBIS (as PyPI's `wsq` 0.9 holds it),
//! and the PNG beside each is what NBIS decodes it to.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sallyport_matcher::{
    Image, PIXELS_MAX,
    finger::{
        FingerError, FingerImage, Resolution,
        wsq::{self, Header, RATE_5_TO_1, RATE_15_TO_1, WsqError},
    },
};

const FIFTEEN: &[u8] = include_bytes!("data/wsq/fifteen_to_one.wsq");
const VECTORS: [(&[u8], &[u8], Header); 3] = [
    (FIFTEEN, include_bytes!("data/wsq/fifteen_to_one.png"), header(160, 144, Some(500))),
    (
        include_bytes!("data/wsq/five_to_one.wsq"),
        include_bytes!("data/wsq/five_to_one.png"),
        header(117, 131, Some(569)),
    ),
    (include_bytes!("data/wsq/odd_and_fine.wsq"), include_bytes!("data/wsq/odd_and_fine.png"), header(83, 97, None)),
];

const fn header(width: u32, height: u32, pixels_per_inch: Option<u32>) -> Header {
    Header { width, height, pixels_per_inch }
}

/// The gray values of a picture that is gray.
fn gray(png: &[u8]) -> Vec<u8> {
    Image::decode(png).unwrap().bgr().chunks_exact(3).map(|pixel| pixel[0]).collect()
}

fn worst(left: &[u8], right: &[u8]) -> u8 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| left.abs_diff(*right)).max().unwrap()
}

/// Peak signal to noise, in decibels.
fn fidelity(left: &[u8], right: &[u8]) -> f64 {
    let squares: f64 = left.iter().zip(right).map(|(left, right)| f64::from(left.abs_diff(*right)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * left.len() as f64 / squares.max(1.0)).log10()
}

#[test]
fn nists_files_decode_as_nist_decodes_them() {
    for (file, png, expected) in VECTORS {
        assert_eq!(wsq::header(file).unwrap(), expected);
        let (header, pixels) = wsq::decode(file).unwrap();
        assert_eq!(header, expected);
        // Sums of single precision, in another order.
        assert!(worst(&pixels, &gray(png)) <= 1);
    }
}

#[test]
fn what_is_encoded_is_decoded_about_as_it_was() {
    let (_, png, header) = VECTORS[0];
    let made = gray(png);
    let mut before = (0.0, 0);
    for rate in [0.3, RATE_15_TO_1, RATE_5_TO_1, 5.0] {
        let file = wsq::encode(header, &made, rate).unwrap();
        let (same, pixels) = wsq::decode(&file).unwrap();
        assert_eq!(same, header);
        let now = (fidelity(&pixels, &made), file.len());
        assert!(now > before && now.1 > before.1, "{rate}: {now:?} after {before:?}");
        // Tables take some six hundred bytes; the rate is that of a model of pictures, and not kept exactly.
        assert!(8 * (file.len() - 600) <= (1.2 * rate * made.len() as f64) as usize, "{rate}: {} bytes", file.len());
        before = now;
    }
    // What is in the highest quarter of frequencies is never coded, at any rate.
    assert!(before.0 > 32.0, "{} dB", before.0);
    for even in [0, 128, 255] {
        let file = wsq::encode(header, &vec![even; made.len()], RATE_15_TO_1).unwrap();
        assert_eq!(*wsq::decode(&file).unwrap().1, vec![even; made.len()]);
    }
}

#[test]
fn a_finger_comes_from_wsq_and_goes_to_it_at_500_dpi() {
    let (file, _, header) = VECTORS[1];
    let finger = FingerImage::decode(file, Resolution::OfFile).unwrap();
    // 569 dpi.
    assert_eq!((finger.width(), finger.height()), (header.width * 500 / 569 + 1, header.height * 500 / 569));
    let again = finger.encode_wsq(RATE_5_TO_1).unwrap();
    let again = FingerImage::decode(&again, Resolution::OfFile).unwrap();
    assert_eq!((again.width(), again.height()), (finger.width(), finger.height()));
    assert!(fidelity(again.gray(), finger.gray()) > 30.0);
    let (silent, ..) = VECTORS[2];
    assert!(matches!(FingerImage::decode(silent, Resolution::OfFile), Err(FingerError::NoResolution)));
    assert!(FingerImage::decode(silent, Resolution::OfFileOr(500.0)).is_ok());
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    for (file, ..) in VECTORS {
        for end in 0..file.len() {
            assert!(wsq::decode(&file[..end]).is_err(), "cut at {end}");
        }
    }
    assert_eq!(wsq::decode(b"").unwrap_err(), WsqError::Format);
    assert_eq!(wsq::decode(&FIFTEEN[..1_000]).unwrap_err(), WsqError::Truncated);
}

/// The file with other bytes behind a marker's length.
fn patched(marker: u8, skip: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = FIFTEEN.to_vec();
    let at = file.windows(2).position(|pair| pair == [0xFF, marker]).unwrap() + 4 + skip;
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn what_the_standard_forbids_or_nobody_writes_is_refused() {
    let error = |file: Vec<u8>| wsq::decode(&file).unwrap_err();
    // Frame header: sides.
    assert!(matches!(error(patched(0xA2, 2, &[0xFF, 0xFF, 0xFF, 0xFF])), WsqError::Size(_)));
    assert!(matches!(error(patched(0xA2, 2, &[0, 0])), WsqError::Size(_)));
    // A little higher: coefficients are missing; a little lower: there are too many.
    assert_eq!(error(patched(0xA2, 2, &[0, 145])), WsqError::Truncated);
    assert!(matches!(error(patched(0xA2, 2, &[0, 143])), WsqError::Malformed(_)));
    assert!(matches!(error(patched(0xA4, 0, &[8, 8])), WsqError::Unsupported(_)));
    // A tap of four thousand million.
    assert!(matches!(error(patched(0xA4, 2, &[0, 0, 0xFF, 0xFF])), WsqError::Malformed(_)));
    assert!(matches!(error(patched(0xA6, 1, &[3])), WsqError::Malformed(_)));
    // A block with a table that is not there.
    assert_eq!(error(patched(0xA3, 0, &[5])), WsqError::Missing("Huffman table"));
    let without_filters =
        [&FIFTEEN[..2], &FIFTEEN[FIFTEEN.windows(2).position(|pair| pair == [0xFF, 0xA5]).unwrap()..]];
    assert_eq!(error(without_filters.concat()), WsqError::Missing("wavelet filters"));
    let twice = patched(0xA8, 0, b"NIST_ATE");
    assert_eq!(wsq::header(&twice).unwrap().pixels_per_inch, None);
}

#[test]
fn what_cannot_be_encoded_is_an_error() {
    let even = vec![7; 100 * 100];
    for rate in [0.0, -1.0, 9.0, f64::NAN] {
        assert!(matches!(wsq::encode(header(100, 100, None), &even, rate), Err(WsqError::Rate(_))));
    }
    for (width, height) in [(100, 99), (31, 200), (65_536, 32), (65_535, (PIXELS_MAX / 65_535) as u32 + 1)] {
        assert!(matches!(wsq::encode(header(width, height, None), &even, 1.0), Err(WsqError::Size(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_are_pictures_or_errors(
        which in 0..VECTORS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..8),
    ) {
        let mut file = VECTORS[which].0.to_vec();
        for (at, value, anywhere) in changes {
            let range = if anywhere { file.len() } else { 900 };
            file[at.index(range)] = value;
        }
        match wsq::decode(&file) {
            Ok((header, gray)) => prop_assert_eq!(gray.len(), header.width as usize * header.height as usize),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_picture_of_any_size_comes_back_with_its_sides(width in 32u32..140, height in 32u32..140, seed in any::<u32>(), rate in 0.1f64..8.0) {
        let noise = |at: u32| (at.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8;
        let gray: Vec<u8> = (0..width * height).map(noise).collect();
        let file = wsq::encode(header(width, height, None), &gray, rate).unwrap();
        let (decoded, pixels) = wsq::decode(&file).unwrap();
        prop_assert_eq!((decoded, pixels.len()), (header(width, height, None), gray.len()));
    }
}
