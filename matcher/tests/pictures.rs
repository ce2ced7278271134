//! Picture files as chips, cameras and applicants may send them, hostile ones included: a picture or a typed error, in
//! bounded memory.
#![allow(clippy::unwrap_used)]

use std::fs;

use opencv::{
    core::{CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC3, Mat, Rect, Scalar, Vector},
    imgcodecs,
    prelude::*,
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
    // The same four numbers as YCCK, as its Adobe segment now says (T.872, 6.5.3): with Y 255, Cb and Cr 0 no red is
    // taken away but 76, all green and 28 of blue.
    let adobe = [&b"Adobe"[..], &[0, 100, 0, 0, 0, 0]].concat();
    let ycck = patched(include_bytes!("data/cmyk.jpg").to_vec(), &adobe, 0, &[2]);
    let ycck = Image::decode(&ycck).unwrap();
    let [blue, green, red] = ycck.bgr().as_chunks::<3>().0[0];
    assert_eq!(sides(&ycck), (24, 16));
    assert!(red.abs_diff(179) < 20 && green < 20 && blue.abs_diff(227) < 20, "{blue} {green} {red}");
    // Alpha is left out, what it hides remains.
    let clear = Image::decode(&file(".png", 48, 40, CV_8UC4, false)).unwrap();
    assert_eq!(clear.bgr()[..3], [40, 120, 200]);
    // JPEG 2000 of 16 bits a channel.
    let deep = Mat::new_rows_cols_with_default(40, 48, CV_16UC3, Scalar::all(0x8040.into())).unwrap();
    imgcodecs::imencode(".jp2", &deep, &mut bytes, &Vector::new()).unwrap();
    let deep = Image::decode(bytes.as_slice()).unwrap();
    assert!(deep.bgr().iter().all(|&value| value.abs_diff(0x80) < 2), "{:?}", &deep.bgr()[..3]);
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

/// A codestream of one tile of one megapixel, with next to no coded data, from these segments of its headers.
fn codestream(main: &[Vec<u8>], tile: &[Vec<u8>]) -> Vec<u8> {
    let four = |value: u32| value.to_be_bytes();
    let size = [four(1000), four(1000), four(0), four(0), four(1000), four(1000), four(0), four(0)].concat();
    let size = [&[0, 0][..], &size, &[0, 3, 7, 1, 1, 7, 1, 1, 7, 1, 1]].concat();
    let quantization = [&[0x40][..], &[0x40; 1 + 3 * 5]].concat();
    let mut file = [&[0xFF, 0x4F][..], &marker(0x51, &size), &main.concat(), &marker(0x5C, &quantization)].concat();
    let rest = [&tile.concat()[..], &[0xFF, 0x93], &[0; 64]].concat();
    let length = (rest.len() as u32 + 12).to_be_bytes();
    file.extend([&marker(0x90, &[&[0, 0][..], &length, &[0, 1]].concat())[..], &rest, &[0xFF, 0xD9]].concat());
    file
}

/// A segment of a codestream.
fn marker(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[0xFF, kind][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
}

/// A coding style as OpenJPEG writes it: one layer, five levels, code-blocks of 64 x 64, one precinct.
const STYLE: [u8; 10] = [0, 0, 0, 1, 0, 5, 4, 4, 0, 1];

#[test]
fn a_codestream_that_asks_for_millions_of_blocks_gets_none() {
    let changed = |at: usize, value: u8| {
        let mut style = STYLE;
        style[at] = value;
        marker(0x52, &style)
    };
    let precincts = |size: u8| marker(0x52, &[&[1][..], &STYLE[1..], &[0xFF, 0xFF, 0xFF, size, 0xFF, 0xFF]].concat());
    let sane = || vec![marker(0x52, &STYLE)];
    assert_eq!(sides(&Image::decode(&codestream(&sane(), &[])).unwrap()), (1000, 1000));
    assert!(Image::decode(&codestream(&[precincts(0x77)], &[])).is_ok());
    let before = peak_kib();
    let small = [changed(6, 0), changed(7, 1), precincts(0x11), precincts(0x1F), precincts(0x71)];
    let many = [changed(2, 1), changed(5, 32), changed(6, 0xFF)];
    for bomb in small.iter().chain(&many) {
        let own = marker(0x53, &[&[1, bomb[4]][..], &bomb[9..]].concat());
        let ways = [
            codestream(std::slice::from_ref(bomb), &[]),
            // What a tile says of itself counts more.
            codestream(&sane(), std::slice::from_ref(bomb)),
            // A segment unknown to the decoder, which looks for the next one inside.
            codestream(&[sane(), vec![marker(0x30, bomb)]].concat(), &[]),
            // One component's own.
            codestream(&[sane(), vec![own.clone()]].concat(), &[]),
            codestream(&sane(), &[own]),
        ];
        // Layers are the same for all components.
        for (at, file) in ways.iter().enumerate().take(if *bomb == many[0] { 3 } else { 5 }) {
            let decoded = Image::decode(file);
            assert!(matches!(decoded, Err(ImageError::Decode(_))), "{bomb:02x?}, way {at}: {decoded:?}");
        }
    }
    assert!(peak_kib() - before < 64 << 10, "memory grew by {} KiB", peak_kib() - before);
    // A part of a tile that ends before its data begin, or a size that comes twice.
    let short = patched(codestream(&sane(), &[]), &[0xFF, 0x90, 0, 10, 0, 0], 0, &[0, 0, 0, 13]);
    assert!(matches!(Image::decode(&short), Err(ImageError::Decode(_))));
    let twice = codestream(&[sane(), vec![marker(0x51, &[0; 45])]].concat(), &[]);
    assert!(matches!(Image::decode(&twice), Err(ImageError::Decode(_))));
    let last = patched(codestream(&sane(), &[]), &[0xFF, 0x90, 0, 10, 0, 0], 0, &[0; 4]);
    assert!(Image::decode(&last).is_ok(), "a length of zero reaches to the end");
}

/// A JPEG file of four different quarters, with this orientation in its Exif.
fn held(orientation: u16, little: bool) -> Vec<u8> {
    let mut mat = Mat::new_rows_cols_with_default(32, 48, CV_8UC3, Scalar::all(20.0)).unwrap();
    let colors = [(24, 0, 24, 16, 90.0), (0, 16, 24, 16, 160.0), (24, 16, 24, 16, 240.0)];
    for (x, y, width, height, gray) in colors {
        let mut part = Mat::roi_mut(&mut mat, Rect::new(x, y, width, height)).unwrap();
        part.set_scalar(Scalar::all(gray)).unwrap();
    }
    let mut bytes = Vector::<u8>::new();
    imgcodecs::imencode(".jpg", &mat, &mut bytes, &Vector::new()).unwrap();
    let two = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let four = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let order = if little { b"II" } else { b"MM" };
    let entry = |tag: u16, value: u16| [&two(tag)[..], &two(3), &four(1), &two(value), &two(0)].concat();
    let tiff =
        [order, &two(42)[..], &four(8), &two(2), &entry(0x0106, 2), &entry(0x0112, orientation), &four(0)].concat();
    let exif = marker(0xE1, &[b"Exif\0\0", &tiff[..]].concat());
    [&bytes.as_slice()[..2], &exif, &bytes.as_slice()[2..]].concat()
}

#[test]
fn photographs_are_turned_as_the_camera_was_held() {
    for orientation in 0..=9 {
        for little in [true, false] {
            let file = held(orientation, little);
            let image = Image::decode(&file).unwrap();
            let turned = (5..=8).contains(&orientation);
            assert_eq!(sides(&image), if turned { (32, 48) } else { (48, 32) }, "orientation {orientation}");
            // Another reader of the same tag.
            let expected = imgcodecs::imdecode(&Vector::<u8>::from_slice(&file), imgcodecs::IMREAD_COLOR).unwrap();
            assert!(image.bgr() == expected.data_bytes().unwrap(), "orientation {orientation}");
        }
    }
    // Nothing that can be understood: upright. The length that is patched is the directory's offset.
    let lost = patched(held(6, false), b"Exif\0\0MM\0*", 0, &[0xFF; 4]);
    assert_eq!(sides(&Image::decode(&lost).unwrap()), (48, 32));
    let cut = patched(held(6, true), b"Exif\0\0II*\0", 4, &[0xFF, 0xFF]);
    assert_eq!(sides(&Image::decode(&cut).unwrap()), (32, 48));
}

#[test]
fn animations_are_one_picture_or_none() {
    // A portable network graphic whose first frame is the picture (APNG, acTL and fcTL before the data).
    let png = file(".png", 48, 40, CV_8UC3, true);
    let at = png.windows(4).position(|kind| kind == b"IDAT").unwrap() - 4;
    let control = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let frame = [&[0; 4][..], &48u32.to_be_bytes(), &40u32.to_be_bytes(), &[0; 8], &[0, 1, 0, 10, 0, 0]].concat();
    let animated = [&png[..at], &control, &chunk(b"fcTL", &frame), &png[at..]].concat();
    assert_eq!(Image::decode(&animated).unwrap().bgr(), Image::decode(&png).unwrap().bgr());
    for other in [&b"GIF89a\x30\0\x28\0\x80\0\0"[..], b"RIFF\x24\0\0\0WEBPVP8X", b"\0\0\0\x1CftypavisMSF1"] {
        assert!(matches!(Image::decode(other), Err(ImageError::Format)), "{other:?}");
    }
}

/// A chunk of a PNG file (ISO/IEC 15948, 5.3; annex D for the check).
fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let checked = [kind, content].concat();
    let check = checked.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    [&(content.len() as u32).to_be_bytes()[..], &checked, &(!check).to_be_bytes()].concat()
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
