//! Picture files as chips, cameras and applicants may send them, hostile ones included: a picture or a typed error, in
//! bounded memory.
#![allow(clippy::unwrap_used)]

use std::fs;

use opencv::{
    core::{CV_8UC1, CV_8UC3, CV_16UC3, Mat, Scalar, Vector},
    imgcodecs,
};
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_oneof, proptest};
use sallyport_matcher::{FILE_BYTES_MAX, Image, ImageError, PIXELS_MAX, SIDE_PX_MAX};

const KINDS: [&str; 3] = [".jpg", ".png", ".jp2"];

/// A file of this kind with one color in it, or a noise over which decoders have something to do.
fn file(kind: &str, width: i32, height: i32, depth_and_channels: i32, noise: bool) -> Vec<u8> {
    let color = Scalar::new(40.0, 120.0, 200.0, 0.0);
    let mut mat = Mat::new_rows_cols_with_default(height, width, depth_and_channels, color).unwrap();
    if noise {
        opencv::core::randu(&mut mat, &0.0, &255.0).unwrap();
    }
    let mut bytes = Vector::<u8>::new();
    assert!(imgcodecs::imencode(kind, &mat, &mut bytes, &Vector::new()).unwrap());
    bytes.as_slice().to_vec()
}

fn sides(image: &Image) -> (u32, u32) {
    (image.width(), image.height())
}

/// Puts a number, big-endian, where a pattern ends.
fn patched(mut file: Vec<u8>, behind: &[u8], skip: usize, value: &[u8]) -> Vec<u8> {
    let at = file.windows(behind.len()).position(|part| part == behind).unwrap() + behind.len() + skip;
    file[at..at + value.len()].copy_from_slice(value);
    file
}

#[test]
fn every_kind_of_pixel_becomes_blue_green_red() {
    for kind in KINDS {
        let gray = Image::decode(&file(kind, 48, 40, CV_8UC1, false)).unwrap();
        assert_eq!(sides(&gray), (48, 40), "{kind}");
        assert!(gray.bgr().as_chunks::<3>().0.iter().all(|[b, g, r]| b == g && g == r && b.abs_diff(40) < 4), "{kind}");
    }
    for kind in [".jpg", ".png"] {
        // OpenCV writes no JPEG 2000 as small as this.
        let dot = Image::decode(&file(kind, 1, 1, CV_8UC3, false)).unwrap();
        assert_eq!(sides(&dot), (1, 1), "{kind}");
    }
    // 16 bits a channel: the upper eight remain.
    let deep = Mat::new_rows_cols_with_default(16, 24, CV_16UC3, Scalar::all(0x8040.into())).unwrap();
    let mut bytes = Vector::<u8>::new();
    imgcodecs::imencode(".png", &deep, &mut bytes, &Vector::new()).unwrap();
    let deep = Image::decode(bytes.as_slice()).unwrap();
    assert!(deep.bgr().iter().all(|&value| value.abs_diff(0x80) < 2), "{:?}", &deep.bgr()[..3]);
    // Red in CMYK.
    let cmyk = Image::decode(include_bytes!("data/cmyk.jpg")).unwrap();
    assert_eq!(sides(&cmyk), (24, 16));
    let [blue, green, red] = cmyk.bgr().as_chunks::<3>().0[0];
    assert!(red > 200 && green < 60 && blue < 60, "{blue} {green} {red}");
}

#[test]
fn a_file_cut_anywhere_is_cut_short() {
    for kind in KINDS {
        let file = file(kind, 48, 40, CV_8UC3, true);
        for end in 16..file.len() - 4 {
            let error = Image::decode(&file[..end]).unwrap_err();
            assert!(matches!(error, ImageError::Truncated), "{kind} cut at {end} of {}: {error}", file.len());
        }
        for end in 0..16 {
            assert!(Image::decode(&file[..end]).is_err(), "{kind} cut at {end}");
        }
    }
}

#[test]
fn other_files_are_none_of_the_kinds() {
    for other in [&b""[..], b"GIF89a\x01\0\x01\0", b"BM\x1a\0\0\0", b"\0\0\0\x0CftypJXL ", &[0; 64], b"<svg/>"] {
        assert!(matches!(Image::decode(other), Err(ImageError::Format)), "{other:?}");
    }
    assert!(matches!(Image::decode(&vec![0xFF; FILE_BYTES_MAX + 1]), Err(ImageError::Size(_))));
    for kind in
        [&[0xFF, 0xD8, 0xFF, 0xE0][..], b"\x89PNG\r\n\x1a\n", b"\0\0\0\x0CjP  \r\n\x87\n", &[0xFF, 0x4F, 0xFF, 0x51]]
    {
        let garbage: Vec<u8> = kind.iter().copied().chain((0..4096u32).map(|at| (at * 37 % 251) as u8)).collect();
        assert!(Image::decode(&garbage).is_err(), "{kind:?}");
    }
}

#[test]
fn a_header_that_asks_for_gigabytes_gets_none() {
    let before = peak_kib();
    let huge = [0xFF, 0xF0];
    let jpeg = patched(file(".jpg", 48, 40, CV_8UC3, true), &[0xFF, 0xC0], 3, &[huge, huge].concat());
    let png = patched(file(".png", 48, 40, CV_8UC3, true), b"IHDR", 0, &[0, 1, 0, 0, 0, 1, 0, 0]);
    let jp2 = file(".jp2", 48, 40, CV_8UC3, true);
    let size = &[0xFF, 0x4F, 0xFF, 0x51];
    let bombs = [
        ("JPEG", jpeg),
        ("PNG", png),
        // Behind the marker: length, capabilities, extent, offset, extent of a tile.
        (
            "JPEG 2000",
            patched(jp2.clone(), size, 4, &[[0, 1, 0, 0, 0, 1, 0, 0], [0; 8], [0, 1, 0, 0, 0, 1, 0, 0]].concat()),
        ),
        (
            "inside both sides",
            patched(file(".png", 48, 40, CV_8UC3, true), b"IHDR", 0, &[0, 0, 0x20, 0, 0, 0, 0x20, 0]),
        ),
    ];
    for (name, bomb) in bombs {
        assert!(matches!(Image::decode(&bomb), Err(ImageError::Size(_))), "{name}: {:?}", Image::decode(&bomb));
    }
    let many = [
        ("tiles", patched(jp2.clone(), size, 20, &[0, 0, 0, 1, 0, 0, 0, 1])),
        ("no tiles", patched(jp2.clone(), size, 20, &[0, 0, 0, 0, 0, 0, 0, 1])),
        ("components", patched(jp2, size, 36, &[0x40, 0])),
    ];
    for (name, bomb) in many {
        assert!(matches!(Image::decode(&bomb), Err(ImageError::Decode(_))), "{name}: {:?}", Image::decode(&bomb));
    }
    assert!(peak_kib() - before < 64 << 10, "memory grew by {} KiB", peak_kib() - before);
}

#[test]
fn a_palette_that_multiplies_components_is_refused() {
    // The color box becomes one: nothing of its content is read.
    let jp2 = file(".jp2", 48, 40, CV_8UC3, true);
    let at = jp2.windows(4).position(|kind| kind == b"colr").unwrap();
    let palette = patched(jp2.clone(), &jp2[..at], 0, b"pclr");
    assert!(matches!(Image::decode(&palette), Err(ImageError::Decode(_))), "{:?}", Image::decode(&palette));
}

#[test]
fn scans_without_number_are_refused() {
    let mut jpeg = file(".jpg", 48, 40, CV_8UC3, true);
    let end = jpeg.split_off(jpeg.len() - 2);
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0].repeat(200));
    jpeg.extend(end);
    assert!(matches!(Image::decode(&jpeg), Err(ImageError::Decode(_))));
}

/// Most memory that this process has had, in KiB (proc(5), VmHWM).
fn peak_kib() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// What a decoder makes of a damaged file may be anything but a crash or a picture beyond the limits.
    #[test]
    fn damaged_files_become_pictures_or_errors(
        kind in prop_oneof![Just(KINDS[0]), Just(KINDS[1]), Just(KINDS[2])],
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kept in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = file(kind, 48, 40, CV_8UC3, true);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut {
            bytes.truncate(kept.index(bytes.len()));
        }
        if let Ok(image) = Image::decode(&bytes) {
            let (width, height) = sides(&image);
            assert!(width <= SIDE_PX_MAX && height <= SIDE_PX_MAX && u64::from(width) * u64::from(height) <= PIXELS_MAX);
            assert_eq!(image.bgr().len(), width as usize * height as usize * 3);
        }
    }
}
