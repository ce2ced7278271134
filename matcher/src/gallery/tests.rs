#![allow(clippy::unwrap_used)]
use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Write as _},
    path::Path,
};

use proptest::prelude::*;
use sallyport_hamming::distance;

use super::*;

/// Bytes without a pattern.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..bytes).map(next).collect()
}

/// A gallery of references 0, 1, 2 and so on.
fn gallery(codes: &[Vec<u8>]) -> Gallery {
    let mut gallery = Gallery::new(codes[0].len()).unwrap();
    codes.iter().enumerate().for_each(|(at, code)| gallery.add(ReferenceId(at as u128), code).unwrap());
    gallery
}

fn encoded(gallery: &Gallery) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    gallery.write(&mut bytes).unwrap();
    bytes.into_inner()
}

fn fault(bytes: &[u8]) -> FileFault {
    match Gallery::decode(bytes).unwrap_err() {
        GalleryError::Fault { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

/// What a search finds, told in the plainest way.
fn searched(model: &BTreeMap<u128, Vec<u8>>, probe: &[u8], limit: Limit) -> Vec<Candidate> {
    let candidate =
        |(id, code): (&u128, &Vec<u8>)| Candidate { distance: distance(probe, code).unwrap(), id: ReferenceId(*id) };
    let mut all: Vec<_> = model.iter().map(candidate).filter(|found| found.distance <= limit.distance_max).collect();
    all.sort_unstable();
    all.truncate(limit.most);
    all
}

#[derive(Debug, Clone)]
enum Step {
    Add(u128, u64),
    Update(u128, u64),
    Remove(u128),
    Search(Vec<u64>, Limit, usize),
    Reopen { mapped: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few identifiers and few codes: they are to meet again, and to be equally far away.
    let id = || prop_oneof![0u128..40, Just(u128::MAX)];
    let limit = (0usize..9, prop_oneof![0u32..80, Just(u32::MAX)]);
    let limit =
        limit.prop_map(|(most, distance_max)| Limit { most: if most == 8 { usize::MAX } else { most }, distance_max });
    let step = prop_oneof![
        6 => (id(), 0u64..12).prop_map(|(id, code)| Step::Add(id, code)),
        2 => (id(), 0u64..12).prop_map(|(id, code)| Step::Update(id, code)),
        3 => id().prop_map(Step::Remove),
        4 => (prop::collection::vec(0u64..20, 0..4), limit, 0usize..3).prop_map(|(probes, limit, threads)| Step::Search(probes, limit, threads)),
        1 => any::<bool>().prop_map(|mapped| Step::Reopen { mapped }),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn a_gallery_is_what_a_map_is(steps in steps(), code_bytes in prop::sample::select(vec![8usize, 24, 64, 128, 200, 512])) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.gallery");
        let (mut gallery, mut model) = (Gallery::new(code_bytes).unwrap(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Add(id, seed) => {
                    let (code, known) = (noise(seed, code_bytes), model.contains_key(&id));
                    match gallery.add(ReferenceId(id), &code) {
                        Err(GalleryError::Known(of)) => prop_assert!(known && of.0 == id),
                        other => prop_assert!(other.is_ok() && !known),
                    }
                    model.entry(id).or_insert(code);
                }
                Step::Update(id, seed) => match gallery.update(ReferenceId(id), &noise(seed, code_bytes)) {
                    Err(GalleryError::Unknown(of)) => prop_assert!(of.0 == id && !model.contains_key(&id)),
                    other => prop_assert!(other.is_ok() && model.insert(id, noise(seed, code_bytes)).is_some()),
                },
                Step::Remove(id) => prop_assert_eq!(gallery.remove(ReferenceId(id)), model.remove(&id).is_some()),
                Step::Search(seeds, limit, threads) => {
                    let probes: Vec<_> = seeds.iter().map(|seed| noise(*seed, code_bytes)).collect();
                    let found = gallery.search(&probes.iter().map(Vec::as_slice).collect::<Vec<_>>(), limit, threads).unwrap();
                    prop_assert_eq!(found.len(), probes.len());
                    for (probe, found) in probes.iter().zip(found) {
                        prop_assert_eq!(found, searched(&model, probe, limit));
                    }
                }
                Step::Reopen { mapped } => {
                    gallery.save(&path).unwrap();
                    gallery = Gallery::open_mapped_from(&path, if mapped { 0 } else { u64::MAX }).unwrap();
                }
            }
            prop_assert_eq!((gallery.len(), gallery.is_empty()), (model.len(), model.is_empty()));
        }
        for (id, code) in &model {
            prop_assert_eq!(gallery.code(ReferenceId(*id)), Some(&code[..]));
        }
        // The same references make the same bytes, whatever happened before.
        let mut fresh = Gallery::new(code_bytes).unwrap();
        model.iter().rev().for_each(|(id, code)| fresh.add(ReferenceId(*id), code).unwrap());
        prop_assert_eq!(encoded(&gallery), encoded(&fresh));
    }

    #[test]
    fn any_bytes_are_a_gallery_or_a_typed_error(seed: u64, length in 0usize..400, at: prop::sample::Index, bit in 0u32..8) {
        prop_assert!(Gallery::decode(&noise(seed, length)).is_err());
        let whole = encoded(&gallery(&[noise(seed, 8), noise(!seed, 8)]));
        let mut changed = whole.clone();
        changed[at.index(whole.len())] ^= 1 << bit;
        prop_assert!(Gallery::decode(&changed).is_err());
        prop_assert!(Gallery::decode(&whole[..at.index(whole.len())]).is_err());
        prop_assert!(Gallery::decode(&whole).is_ok());
    }
}

#[test]
fn threads_and_history_do_not_change_what_is_found() {
    // 15 MB in eighty thousand codes of which only 97 differ: nearly all are equally far away as others.
    let kinds: Vec<_> = (0..97).map(|seed| noise(seed, 192)).collect();
    let codes: Vec<_> = (0..80_000).map(|at| kinds[at * 31 % 97].clone()).collect();
    let whole = gallery(&codes);
    let mut backward = Gallery::new(192).unwrap();
    for (at, code) in codes.iter().enumerate().rev() {
        backward.add(ReferenceId(1 << 100 | at as u128), code).unwrap();
        backward.add(ReferenceId(at as u128), code).unwrap();
        assert!(backward.remove(ReferenceId(1 << 100 | at as u128)));
    }
    let probes = [&kinds[5][..], &noise(1_000, 192)];
    for limit in [Limit::nearest(1), Limit::nearest(3_000), Limit::within(760), Limit { most: 10, distance_max: 0 }] {
        let expected = whole.search(&probes, limit, 1).unwrap();
        assert!(!expected[0].is_empty() && expected[0].is_sorted() && expected[0][0].distance == 0);
        for threads in [2, 3, 8] {
            assert_eq!(whole.search(&probes, limit, threads).unwrap(), expected, "{limit:?} on {threads}");
            assert_eq!(backward.search(&probes, limit, threads).unwrap(), expected, "{limit:?} on {threads}");
        }
    }
}

#[test]
fn rows_are_erased_and_used_again() {
    let mut gallery = gallery(&[vec![1; 64], vec![2; 64], vec![3; 64]]);
    assert!(gallery.remove(ReferenceId(1)));
    assert_eq!(gallery.memory().collect::<Vec<_>>().concat(), [[1; 64], [0; 64], [3; 64]].concat());
    // A row of zeros is nobody's.
    assert_eq!(gallery.search(&[&[0; 64]], Limit::within(0), 1).unwrap(), [[]]);
    gallery.add(ReferenceId(9), &[9; 64]).unwrap();
    gallery.update(ReferenceId(0), &[8; 64]).unwrap();
    assert_eq!(gallery.memory().collect::<Vec<_>>().concat(), [[8; 64], [9; 64], [3; 64]].concat());
    assert_eq!(format!("{gallery:?}"), "Gallery(3 codes of 64 bytes)");
}

#[test]
fn more_than_a_segment_is_held() {
    let codes: Vec<_> = (0..9_000).map(|seed| noise(seed, 2_048)).collect();
    let whole = gallery(&codes);
    assert_eq!(whole.memory().count(), 2);
    let again = Gallery::decode(&encoded(&whole)).unwrap();
    for at in [0, 4_000, 8_191, 8_192, 8_999] {
        let found = again.search(&[&codes[at]], Limit::nearest(1), 2).unwrap();
        assert_eq!(found, [[Candidate { distance: 0, id: ReferenceId(at as u128) }]]);
        assert_eq!(again.code(ReferenceId(at as u128)), whole.code(ReferenceId(at as u128)));
    }
}

#[test]
fn a_mapped_gallery_does_not_mind_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codes.gallery");
    let codes: Vec<_> = (0..2_000).map(|seed| noise(seed, 512)).collect();
    gallery(&codes).save(&path).unwrap();
    let mut mapped = Gallery::open_mapped_from(&path, 0).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    assert!(matches!(Gallery::open(&path), Err(GalleryError::Fault { fault: FileFault::Size { found: 100, .. }, .. })));
    mapped.remove(ReferenceId(7));
    mapped.update(ReferenceId(8), &noise(9_000, 512)).unwrap();
    mapped.add(ReferenceId(2_000), &noise(9_001, 512)).unwrap();
    let probes = [&codes[7][..], &codes[8], &codes[9], &noise(9_000, 512), &noise(9_001, 512)];
    let found = mapped.search(&probes, Limit::within(0), 1).unwrap();
    let ids: Vec<Vec<u128>> = found.iter().map(|each| each.iter().map(|found| found.id.0).collect()).collect();
    assert_eq!(ids, [vec![], vec![], vec![9], vec![8], vec![2_000]]);
    // Saved in the place of what was damaged, without what was removed.
    mapped.save(&path).unwrap();
    let saved = fs::read(&path).unwrap();
    assert!(saved.windows(512).all(|window| window != &codes[7][..]));
    assert_eq!(Gallery::open(&path).unwrap().len(), 2_000);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_is_its_owners_and_has_one_writer() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codes.gallery");
    let whole = gallery(&[vec![1; 8]]);
    let other = fs::File::open(folder.path()).unwrap();
    other.lock().unwrap();
    assert!(matches!(whole.save(&path), Err(GalleryError::Busy(_))));
    drop(other);
    // Left by a crash.
    fs::write(folder.path().join("codes.gallery.new"), vec![9; 1_000]).unwrap();
    whole.save(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&path).unwrap(), encoded(&whole));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let missing = folder.path().join("missing/codes.gallery");
    assert!(matches!(whole.save(&missing), Err(GalleryError::File { .. })));
    assert!(matches!(Gallery::open(&missing), Err(GalleryError::File { .. })));
    assert!(matches!(Gallery::open(Path::new("/")), Err(GalleryError::File { .. })));
}

/// A file with a correct checksum around any header and identifiers.
fn forged(magic: &[u8], numbers: [u32; 2], count: u64, rest: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut header = magic.to_vec();
    numbers.iter().for_each(|number| header.write_all(&number.to_le_bytes()).unwrap());
    header.write_all(&count.to_le_bytes()).unwrap();
    let checksum = Sha256::digest([&header, rest].concat());
    [&header, &checksum[..], rest].concat()
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let entry = |id: u8| [[id].as_slice(), &[0; 15]].concat();
    let two = |a, b| [entry(a), entry(b), vec![0; 16]].concat();
    assert_eq!(Gallery::decode(&forged(b"SPGALLRY", [1, 8], 2, &two(1, 2))).unwrap().len(), 2);
    assert_eq!(Gallery::decode(&forged(b"SPGALLRY", [1, 8], 0, &[])).unwrap().len(), 0);
    assert_eq!(fault(b""), FileFault::Magic);
    assert_eq!(fault(&forged(b"SPGALLRX", [1, 8], 2, &two(1, 2))), FileFault::Magic);
    assert_eq!(fault(&forged(b"SPGALLRY", [2, 8], 2, &two(1, 2))), FileFault::Version(2));
    for code_bytes in [0, 12, 4_104, u32::MAX] {
        assert_eq!(fault(&forged(b"SPGALLRY", [1, code_bytes], 2, &two(1, 2))), FileFault::Header, "{code_bytes}");
    }
    assert_eq!(fault(&forged(b"SPGALLRY", [1, 8], 3, &two(1, 2))), FileFault::Size { expected: 128, found: 104 });
    let endless = FileFault::Size { expected: u64::MAX, found: 104 };
    assert_eq!(fault(&forged(b"SPGALLRY", [1, 8], u64::MAX, &two(1, 2))), endless);
    assert_eq!(fault(&forged(b"SPGALLRY", [1, 8], 2, &two(2, 1))), FileFault::Order);
    assert_eq!(fault(&forged(b"SPGALLRY", [1, 8], 2, &two(2, 2))), FileFault::Order);
    let mut changed = forged(b"SPGALLRY", [1, 8], 2, &two(1, 2));
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(fault(&changed), FileFault::Checksum);
}

#[test]
fn lengths_are_checked() {
    for code_bytes in [0, 4, 12, CODE_BYTES_MAX + 8] {
        assert!(matches!(Gallery::new(code_bytes), Err(GalleryError::CodeBytes(of)) if of == code_bytes));
    }
    let mut gallery = Gallery::new(CODE_BYTES).unwrap();
    let wrong =
        |result: Result<(), GalleryError>| matches!(result, Err(GalleryError::Length { expected: 512, found: 8 }));
    assert!(wrong(gallery.add(ReferenceId(1), &[0; 8])));
    gallery.add(ReferenceId(1), &[0; 512]).unwrap();
    assert!(wrong(gallery.update(ReferenceId(1), &[0; 8])));
    assert!(wrong(gallery.search(&[&[0; 512], &[0; 8]], Limit::nearest(1), 1).map(drop)));
    assert_eq!(gallery.search(&[], Limit::nearest(1), 1).unwrap(), Vec::<Vec<Candidate>>::new());
    assert_eq!(gallery.search(&[&[0; 512]], Limit::nearest(0), 1).unwrap(), [[]]);
}
