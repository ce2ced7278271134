//! Pictures of fingers as sensors, records and people's own files bring them: at 500 dpi with dark ridges, or a typed
//! error.
#![allow(clippy::unwrap_used)]

use opencv::{
    core::{CV_8UC1, Mat, Vector},
    imgcodecs, imgproc,
    prelude::*,
};
use proptest::prelude::*;
use sallyport_matcher::{
    ImageError,
    finger::{FingerError, FingerImage, Raw, Resolution},
};

/// Loops of ridges 0.48 mm apart in an oval on a light ground, as a sensor of this resolution sees them.
fn finger(width_mm: f64, height_mm: f64, dpi: f64) -> (u32, u32, Vec<u8>) {
    let millimeter = dpi / 25.4;
    let (width, height) = ((width_mm * millimeter).round() as u32, (height_mm * millimeter).round() as u32);
    let at = |x: u32, y: u32| {
        let (x, y) = ((f64::from(x) + 0.5) / millimeter, (f64::from(y) + 0.5) / millimeter);
        let (across, along) = (x - width_mm / 2.0, y - height_mm / 2.0);
        let inside = (across / width_mm).hypot(along / height_mm) < 0.42;
        let distance = (across * 1.3).hypot(along + 2.0);
        if inside { 120.0 + 100.0 * (std::f64::consts::TAU * distance / 0.48).sin() } else { 235.0 }
    };
    let gray = (0..height).flat_map(|y| (0..width).map(move |x| at(x, y) as u8)).collect();
    (width, height, gray)
}

fn mat((width, height, gray): &(u32, u32, Vec<u8>)) -> Mat {
    let mut mat = Mat::new_rows_cols_with_default(*height as i32, *width as i32, CV_8UC1, 0.into()).unwrap();
    mat.data_bytes_mut().unwrap().copy_from_slice(gray);
    mat
}

fn encoded(kind: &str, mat: &Mat, options: &[i32]) -> Vec<u8> {
    let mut bytes = Vector::<u8>::new();
    assert!(imgcodecs::imencode(kind, mat, &mut bytes, &Vector::from_slice(options)).unwrap());
    bytes.to_vec()
}

/// Puts a chunk behind the header of a PNG.
fn with_density(mut png: Vec<u8>, x: u32, y: u32) -> Vec<u8> {
    let mut chunk = b"pHYs".to_vec();
    chunk.extend([x.to_be_bytes(), y.to_be_bytes()].concat());
    chunk.push(1);
    let crc = !chunk.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let whole = [&9u32.to_be_bytes(), &chunk[..], &crc.to_be_bytes()].concat();
    png.splice(33..33, whole);
    png
}

fn mean_difference(left: &[u8], right: &[u8]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| f64::from(left.abs_diff(*right))).sum::<f64>() / left.len() as f64
}

#[test]
fn every_kind_of_file_gives_the_same_finger() {
    let made = finger(15.0, 18.0, 500.0);
    let mat = mat(&made);
    let mut color = Mat::default();
    imgproc::cvt_color_def(&mat, &mut color, imgproc::COLOR_GRAY2BGR).unwrap();
    let resolution = Resolution::Known(500.0);
    for (kind, most) in [(".png", 0.0), (".bmp", 0.0), (".tif", 0.0), (".pgm", 0.0), (".jp2", 0.5), (".jpg", 3.0)] {
        let decoded = FingerImage::decode(&encoded(kind, &mat, &[]), resolution).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (made.0, made.1), "{kind}");
        assert!(mean_difference(decoded.gray(), &made.2) <= most, "{kind}");
        if kind != ".pgm" {
            let decoded = FingerImage::decode(&encoded(kind, &color, &[]), resolution).unwrap();
            assert!(mean_difference(decoded.gray(), &made.2) <= most, "{kind} in color");
        }
    }
    let raw = FingerImage::from_raw(Raw::bytes(made.0, made.1), 500.0, &made.2).unwrap();
    assert_eq!(raw.gray(), made.2);
}

#[test]
fn any_resolution_becomes_500_dpi() {
    let expected = finger(15.0, 18.0, 500.0);
    for dpi in [250.0, 300.0, 380.0, 508.0, 569.0, 750.0, 1000.0] {
        let made = finger(15.0, 18.0, dpi);
        let decoded = FingerImage::from_raw(Raw::bytes(made.0, made.1), dpi, &made.2).unwrap();
        assert!(decoded.width().abs_diff(expected.0) <= 1 && decoded.height().abs_diff(expected.1) <= 1, "{dpi}");
        let rows = decoded.gray().chunks_exact(decoded.width() as usize);
        let wanted = expected.2.chunks_exact(expected.0 as usize);
        let differences: Vec<f64> = rows
            .zip(wanted)
            .flat_map(|(row, wanted)| row.iter().zip(wanted).map(|(a, b)| f64::from(a.abs_diff(*b))))
            .collect();
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        assert!(mean < 12.0, "{dpi} dpi: {mean}");
    }
    // What is finer than 500 dpi can show becomes even gray, and not a pattern that was not there.
    let checks: Vec<u8> = (0..800 * 800).map(|at| if (at / 800 + at % 800) % 2 == 0 { 0 } else { 255 }).collect();
    for dpi in [900.0, 1000.0] {
        let even = FingerImage::from_raw(Raw::bytes(800, 800), dpi, &checks).unwrap();
        let (least, most) = (even.gray().iter().min().unwrap(), even.gray().iter().max().unwrap());
        assert!(*least > 107 && *most < 148, "{dpi}: {least} to {most}");
    }
}

#[test]
fn files_tell_their_resolution() {
    let made = finger(15.0, 18.0, 1000.0);
    let mat = mat(&made);
    // 1,000 dpi are 39,370 pixels a meter.
    let png = with_density(encoded(".png", &mat, &[]), 39_370, 39_370);
    let mut bmp = encoded(".bmp", &mat, &[]);
    bmp[38..42].copy_from_slice(&39_370u32.to_le_bytes());
    bmp[42..46].copy_from_slice(&39_370u32.to_le_bytes());
    let tiff = encoded(".tif", &mat, &[imgcodecs::IMWRITE_TIFF_XDPI, 1000, imgcodecs::IMWRITE_TIFF_YDPI, 1000]);
    let mut jpeg = encoded(".jpg", &mat, &[]);
    // JFIF: the unit, and pixels in either direction.
    jpeg[13] = 1;
    jpeg[14..18].copy_from_slice(&[0x03, 0xE8, 0x03, 0xE8]);
    for (kind, file) in [("png", &png), ("bmp", &bmp), ("tiff", &tiff), ("jpeg", &jpeg)] {
        let decoded = FingerImage::decode(file, Resolution::OfFile).unwrap();
        assert!(decoded.width().abs_diff(made.0 / 2) <= 1, "{kind}: {decoded:?}");
        let same = FingerImage::decode(file, Resolution::OfFileOr(500.0)).unwrap();
        assert_eq!(same.gray(), decoded.gray(), "{kind}");
        let known = FingerImage::decode(file, Resolution::Known(500.0)).unwrap();
        assert_eq!(known.width(), made.0, "{kind}");
    }
    // Each direction has its own.
    let stretched = with_density(encoded(".png", &mat, &[]), 19_685, 39_370);
    let decoded = FingerImage::decode(&stretched, Resolution::OfFile).unwrap();
    assert!(decoded.width() == made.0 && decoded.height().abs_diff(made.1 / 2) <= 1, "{decoded:?}");
}

#[test]
fn a_resolution_that_is_missing_or_no_sensors_is_an_error_or_the_given_one() {
    let mat = mat(&finger(15.0, 18.0, 500.0));
    let silent = encoded(".png", &mat, &[]);
    assert!(matches!(FingerImage::decode(&silent, Resolution::OfFile), Err(FingerError::NoResolution)));
    assert!(FingerImage::decode(&silent, Resolution::OfFileOr(500.0)).is_ok());
    // 72 dpi, a screen's.
    let screen = with_density(silent.clone(), 2_835, 2_835);
    match FingerImage::decode(&screen, Resolution::OfFile) {
        Err(FingerError::Resolution { x, y }) => assert_eq!((x.round(), y.round()), (72.0, 72.0)),
        other => panic!("{other:?}"),
    }
    let decoded = FingerImage::decode(&screen, Resolution::OfFileOr(500.0)).unwrap();
    assert_eq!(i32::try_from(decoded.width()).unwrap(), mat.cols());
    for dpi in [0.0, -500.0, 249.0, 1001.0, f64::NAN, f64::INFINITY] {
        let error = FingerImage::decode(&silent, Resolution::Known(dpi)).unwrap_err();
        assert!(matches!(error, FingerError::Resolution { .. }), "{dpi}: {error}");
    }
}

#[test]
fn inverted_pictures_are_turned_where_the_ground_shows_it() {
    let (width, height, gray) = finger(15.0, 18.0, 500.0);
    let inverted: Vec<u8> = gray.iter().map(|value| !value).collect();
    let turned = FingerImage::from_raw(Raw::bytes(width, height), 500.0, &inverted).unwrap();
    assert_eq!(turned.gray(), gray);
    assert_eq!(turned.inverted().gray(), inverted);
    // Ridges to all edges tell nothing, nor does a picture of one gray.
    let bars: Vec<u8> = (0..300 * 300).map(|at| if at % 10 < 6 { 200 } else { 30 }).collect();
    assert_eq!(FingerImage::from_raw(Raw::bytes(300, 300), 500.0, &bars).unwrap().gray(), bars);
    for even in [0, 255] {
        let blank = vec![even; 300 * 300];
        assert_eq!(FingerImage::from_raw(Raw::bytes(300, 300), 500.0, &blank).unwrap().gray(), blank);
    }
}

#[test]
fn raw_pixels_of_any_depth_are_spread_to_eight_bits() {
    let (side, pixels) = (64u32, 64 * 64);
    let raw = |bits_per_pixel, packed| Raw { width: side, height: side, bits_per_pixel, packed };
    let of = |raw, bytes: &[u8]| FingerImage::from_raw(raw, 500.0, bytes).map(|image| image.gray().to_vec());
    // Four bits, two pixels a byte; then one a byte.
    assert_eq!(of(raw(4, true), &[0x1F; 64 * 32]).unwrap()[..4], [17, 255, 17, 255]);
    assert_eq!(of(raw(4, false), &vec![3; pixels]).unwrap()[0], 51);
    // Ten bits over byte borders: 1023, 0, 512, 1.
    let ten = [0xFF, 0xC0, 0x08, 0x00, 0x01].repeat(pixels / 4);
    assert_eq!(of(raw(10, true), &ten).unwrap()[..4], [255, 0, 128, 0]);
    assert_eq!(of(raw(1, true), &[0b0110_0000; 64 * 8]).unwrap()[..4], [0, 255, 255, 0]);
    assert_eq!(of(raw(16, false), &[0x80, 0x40].repeat(pixels)).unwrap()[0], 128);
    assert_eq!(of(raw(12, false), &[0x0F, 0xFF].repeat(pixels)).unwrap()[0], 255);
    assert!(matches!(of(raw(8, false), &vec![0; pixels - 1]), Err(FingerError::Picture(ImageError::Truncated))));
    assert!(matches!(of(raw(8, false), &vec![0; pixels + 1]), Err(FingerError::Picture(ImageError::Decode(_)))));
    for bits in [0, 17, 255] {
        assert!(of(raw(bits, false), &vec![0; pixels]).is_err() && of(raw(bits, true), &vec![0; pixels]).is_err());
    }
}

#[test]
fn sides_are_refused_before_anything_is_decoded() {
    let resolution = Resolution::Known(500.0);
    let tiny = encoded(".png", &mat(&(8, 8, vec![0; 64])), &[]);
    assert!(matches!(FingerImage::decode(&tiny, resolution), Err(FingerError::Size(_))));
    for kind in [".png", ".bmp", ".tif", ".jpg"] {
        let huge = encoded(kind, &mat(&(3000, 80, vec![128; 240_000])), &[]);
        assert!(matches!(FingerImage::decode(&huge, resolution), Err(FingerError::Size(_))), "{kind}");
    }
    // Sixteen gigapixels in a header of 15 bytes.
    assert!(matches!(FingerImage::decode(b"P5 131072 131072 255\n", resolution), Err(FingerError::Size(_))));
    for (bytes, what) in [(&b""[..], "nothing"), (b"GIF89a", "another format"), (b"P6 1 1 255\n", "color")] {
        assert!(matches!(FingerImage::decode(bytes, resolution), Err(FingerError::Format)), "{what}");
    }
}

#[test]
fn truncated_files_are_errors() {
    let mat = mat(&finger(8.0, 8.0, 500.0));
    for kind in [".png", ".bmp", ".tif", ".pgm"] {
        let file = encoded(kind, &mat, &[]);
        for end in (0..file.len()).step_by(1 + file.len() / 300) {
            assert!(FingerImage::decode(&file[..end], Resolution::Known(500.0)).is_err(), "{kind} cut at {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Bytes changed anywhere, most of them in headers.
    #[test]
    fn damaged_files_are_pictures_or_errors(
        kind in prop_oneof![Just(".bmp"), Just(".tif"), Just(".pgm"), Just(".png")],
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        let mut file = encoded(kind, &mat(&finger(4.0, 5.0, 500.0)), &[]);
        for (at, value, anywhere) in changes {
            // A directory of a TIFF stands at its end.
            let (from, range) = match anywhere {
                true => (0, file.len()),
                false if kind == ".tif" => (file.len() - 200, 200),
                false => (0, 64),
            };
            file[from + at.index(range)] = value;
        }
        match FingerImage::decode(&file, Resolution::OfFileOr(500.0)) {
            Ok(image) => prop_assert_eq!(image.gray().len(), image.width() as usize * image.height() as usize),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
