//! What `subjects.csv` tells of people or of single pictures: columns, each of which splits the pictures into groups.
//!
//! The first column, or the one named `person`, holds the names of the folders. A column named `file` makes a row tell
//! of one picture; where it is empty, the row tells of all of the person's other pictures. Fields are separated by
//! comma, semicolon or tab and quoted as RFC 4180 has it.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context as _, bail, ensure};

use crate::subjects::{SUBJECTS_FILE, Subjects};

/// Longest file that is read, in bytes: a hundred bytes for each of half a million pictures.
const BYTES_MAX: u64 = 50 << 20;
/// Most groups of a column that are told apart; the smallest ones are one group together.
const GROUPS_MAX: usize = 24;
/// Numbers with more different values than this are a measure and not a code, and are binned.
const CODES_MAX: usize = 10;
/// Width of a bin.
const DECADE: f64 = 10.0;
/// Pictures of which the column says nothing.
const UNKNOWN: &str = "not stated";
/// All groups beyond [`GROUPS_MAX`].
const OTHERS: &str = "all others";

/// One column.
#[derive(Debug, PartialEq)]
pub(crate) struct Column {
    /// As the file heads it.
    pub name: String,
    /// In the order in which they are shown.
    pub groups: Vec<String>,
    /// Index into the groups, of each picture.
    pub of: Vec<u16>,
}

/// The columns of `subjects.csv` in this folder, if it is there, and what in it names nobody.
pub(crate) fn read(folder: &Path, subjects: &Subjects) -> anyhow::Result<(Vec<Column>, Vec<String>)> {
    let path = folder.join(SUBJECTS_FILE);
    let mut bytes = Vec::new();
    match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        opened => {
            let opened = opened.with_context(|| format!("cannot open {}", path.display()))?;
            opened.take(BYTES_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("read {}", path.display()))?;
        }
    }
    ensure!(bytes.len() as u64 <= BYTES_MAX, "{} is longer than {BYTES_MAX} bytes: shorten it", path.display());
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("{} is not UTF-8: save it as UTF-8 text", path.display()))?;
    columns(&text, subjects).with_context(|| format!("{}: correct it or take it away", path.display()))
}

fn columns(text: &str, subjects: &Subjects) -> anyhow::Result<(Vec<Column>, Vec<String>)> {
    let mut rows = records(text)?.into_iter();
    let Some((_, header)) = rows.next() else { bail!("it is empty: the first line names the columns") };
    let named = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let (person_at, file_at) = (named("person").unwrap_or(0), named("file"));
    let mut values: HashMap<(String, String), (usize, Vec<String>)> = HashMap::new();
    for (line, row) in rows {
        ensure!(row.len() == header.len(), "line {line} has {} fields, the first {}", row.len(), header.len());
        let field = |at: usize| row.get(at).cloned().unwrap_or_default();
        let key = (field(person_at), file_at.map(field).unwrap_or_default());
        if let Some((before, _)) = values.get(&key) {
            bail!(
                "lines {before} and {line} tell of the same {}: keep one, or tell pictures apart by a column `file`",
                key.0
            );
        }
        values.insert(key, (line, row));
    }
    let rows: Vec<Option<&Vec<String>>> = subjects
        .pictures
        .iter()
        .map(|picture| {
            let (person, file) = picture.name.split_once('/')?;
            let row = |file: &str| values.get(&(person.to_owned(), file.to_owned()));
            row(file).or_else(|| row("")).map(|(_, row)| row)
        })
        .collect();
    let named =
        header.iter().enumerate().filter(|(at, name)| *at != person_at && Some(*at) != file_at && !name.is_empty());
    let columns = named.map(|(at, name)| {
        column(name, rows.iter().map(|row| row.and_then(|row| row.get(at)).map_or("", String::as_str)).collect())
    });
    Ok((columns.collect(), strangers(&values, subjects)))
}

/// Rows that tell of nobody in the data set: a misspelt name would else go unnoticed.
fn strangers(values: &HashMap<(String, String), (usize, Vec<String>)>, subjects: &Subjects) -> Vec<String> {
    let known: std::collections::HashSet<&str> = subjects
        .pictures
        .iter()
        .map(|picture| picture.name.as_str())
        .chain(subjects.people.iter().map(String::as_str))
        .collect();
    let mut unknown: Vec<(usize, String)> = values
        .iter()
        .map(|((person, file), (line, _))| match file.is_empty() {
            true => (*line, person.clone()),
            false => (*line, format!("{person}/{file}")),
        })
        .filter(|(_, name)| !known.contains(name.as_str()))
        .collect();
    unknown.sort();
    unknown.into_iter().map(|(line, name)| format!("line {line}: no picture of {name:?}")).collect()
}

fn column(name: &str, values: Vec<&str>) -> Column {
    let stated = || values.iter().copied().filter(|value| !value.is_empty());
    let number = |value: &str| value.parse::<f64>().ok().filter(|number| number.is_finite());
    let distinct: std::collections::HashSet<&str> = stated().collect();
    let numbers = !distinct.is_empty() && distinct.iter().all(|value| number(value).is_some());
    let binned = numbers && (distinct.len() > CODES_MAX || name.eq_ignore_ascii_case("age"));
    // Sorted by number where there is one.
    let label = |value: &str| -> (i64, String) {
        let Some(number) = number(value).filter(|_| numbers) else { return (0, value.to_owned()) };
        let decade = (number / DECADE).floor() * DECADE;
        match binned {
            true => (decade as i64, format!("{decade}-{}", decade + DECADE - 1.0)),
            false => ((number * 1e3) as i64, value.to_owned()),
        }
    };
    let mut sizes: BTreeMap<(i64, String), usize> = BTreeMap::new();
    for value in stated() {
        *sizes.entry(label(value)).or_default() += 1;
    }
    if sizes.len() > GROUPS_MAX {
        let mut by_size: Vec<_> = sizes.iter().map(|(label, size)| (*size, label.clone())).collect();
        by_size.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, label) in by_size.into_iter().skip(GROUPS_MAX) {
            sizes.remove(&label);
        }
    }
    let mut groups: Vec<String> = sizes.keys().map(|(_, group)| group.clone()).collect();
    let index: HashMap<String, u16> = groups.iter().cloned().zip(0..).collect();
    let (others, unknown) = (groups.len() as u16, groups.len() as u16 + 1);
    let mut of: Vec<u16> = values
        .iter()
        .map(|value| match value.is_empty() {
            true => unknown,
            false => index.get(&label(value).1).copied().unwrap_or(others),
        })
        .collect();
    for (group, name) in [(others, OTHERS), (unknown, UNKNOWN)] {
        if of.contains(&group) {
            let at = groups.len() as u16;
            of.iter_mut().filter(|of| **of == group).for_each(|of| *of = at);
            groups.push(name.to_owned());
        }
    }
    Column { name: name.to_owned(), groups, of }
}

/// Records with the number of the line on which each begins (RFC 4180, with other separators too). Fields are trimmed
/// and blank lines skipped.
fn records(text: &str) -> anyhow::Result<Vec<(usize, Vec<String>)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let separator = [',', ';', '\t'].into_iter().find(|&separator| head.contains(separator)).unwrap_or(',');
    let (mut records, mut record) = (Vec::new(), Vec::new());
    let (mut line, mut began) = (1, 1);
    let mut field = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if field.trim().is_empty() => {
                field.clear();
                let opened = line;
                loop {
                    match letters.next() {
                        Some('"') if letters.next_if_eq(&'"').is_some() => field.push('"'),
                        Some('"') => break,
                        Some(letter) => {
                            line += usize::from(letter == '\n');
                            field.push(letter);
                        }
                        None => bail!("a quotation mark of line {opened} is never closed"),
                    }
                }
            }
            '\n' => {
                record.push(take(&mut field));
                if record.iter().any(|field| !field.is_empty()) {
                    records.push((began, std::mem::take(&mut record)));
                }
                record.clear();
                began = line;
            }
            letter if letter == separator => record.push(take(&mut field)),
            letter => field.push(letter),
        }
    }
    record.push(take(&mut field));
    if record.iter().any(|field| !field.is_empty()) {
        records.push((began, record));
    }
    Ok(records)
}

fn take(field: &mut String) -> String {
    std::mem::take(field).trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::subjects::Picture;

    fn subjects(pictures: &[&str]) -> Subjects {
        let mut subjects = Subjects::default();
        for name in pictures {
            let person = name.split_once('/').unwrap().0.to_owned();
            if subjects.people.last() != Some(&person) {
                subjects.people.push(person);
            }
            let person = subjects.people.len() as u32 - 1;
            subjects.pictures.push(Picture { person, name: (*name).to_owned(), path: PathBuf::new() });
        }
        subjects
    }

    /// Each picture's group.
    fn told(column: &Column) -> Vec<&str> {
        column.of.iter().map(|&group| column.groups[usize::from(group)].as_str()).collect()
    }

    #[test]
    fn a_row_tells_of_a_person_or_of_one_picture() {
        let subjects = subjects(&["anna/1.jpg", "anna/2.jpg", "bert/1.jpg", "cleo/1.jpg"]);
        let text = "\u{feff}country,person,file,camera\r\nNZ, anna ,,low\r\n\"AU\",anna,2.jpg,\"the \"\"high\"\", one\"\r\n\r\nNZ,bert,1.jpg,\n";
        let (columns, strangers) = columns(text, &subjects).unwrap();
        assert_eq!(columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["country", "camera"]);
        assert_eq!(told(&columns[0]), ["NZ", "AU", "NZ", UNKNOWN]);
        assert_eq!(told(&columns[1]), ["low", "the \"high\", one", UNKNOWN, UNKNOWN]);
        assert!(strangers.is_empty());
    }

    #[test]
    fn the_first_column_is_the_person_and_strangers_are_told() {
        let subjects = subjects(&["anna/1.jpg", "bert/1.jpg"]);
        let (columns, strangers) = columns("who;sex\nanna;F\nbret;M\n", &subjects).unwrap();
        assert_eq!((columns.len(), told(&columns[0])), (1, vec!["F", UNKNOWN]));
        assert_eq!(strangers, ["line 3: no picture of \"bret\""]);
    }

    #[test]
    fn ages_are_binned_and_codes_are_not() {
        let age = |values: Vec<&str>| column("Age", values);
        let ages = age(vec!["31", "39.5", "4", "110", "", "40"]);
        assert_eq!(ages.groups, ["0-9", "30-39", "40-49", "110-119", UNKNOWN]);
        assert_eq!(told(&ages), ["30-39", "30-39", "0-9", "110-119", UNKNOWN, "40-49"]);
        assert_eq!(column("gate", vec!["10", "9", "1", "9"]).groups, ["1", "9", "10"]);
        let born: Vec<String> = (1960..1975).map(|year| year.to_string()).collect();
        assert_eq!(column("born", born.iter().map(String::as_str).collect()).groups, ["1960-1969", "1970-1979"]);
        assert_eq!(age(vec!["31", "young"]).groups, ["31", "young"]);
        assert_eq!(age(vec!["", ""]).groups, [UNKNOWN]);
    }

    #[test]
    fn many_small_groups_are_one() {
        let values: Vec<String> = (0..60).map(|at| format!("c{:02}", if at < 40 { at / 2 } else { at })).collect();
        let column = column("country", values.iter().map(String::as_str).collect());
        assert_eq!(column.groups.len(), GROUPS_MAX + 1);
        assert_eq!(column.groups.last().unwrap(), OTHERS);
        assert_eq!(told(&column)[..2], ["c00", "c00"]);
        assert_eq!(told(&column)[59], OTHERS);
    }

    #[test]
    fn errors_name_the_line() {
        let subjects = subjects(&["anna/1.jpg"]);
        let message = |text: &str| columns(text, &subjects).unwrap_err().to_string();
        assert!(message("").contains("the first line names the columns"));
        assert_eq!(message("person,sex\nanna\n"), "line 2 has 1 fields, the first 2");
        assert!(message("person,sex\nanna,F\n\nanna,M\n").starts_with("lines 2 and 4 tell of the same anna"));
        assert_eq!(message("person,sex\nanna,\"F\n"), "a quotation mark of line 2 is never closed");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(prop::collection::vec("[a-z\",;\n é]{0,6}", 3), 1..6)) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let text: String = rows
                .iter()
                .map(|row| format!("{}\r\n", row.iter().map(quoted).collect::<Vec<_>>().join(",")))
                .collect();
            // The separator is told from the first line, which ends early where a quoted field breaks it.
            prop_assume!(text.lines().next().is_some_and(|line| line.contains(',')));
            let read: Vec<Vec<String>> = records(&text).unwrap().into_iter().map(|(_, record)| record).collect();
            let expected: Vec<Vec<String>> = rows
                .iter()
                .map(|row| row.iter().map(|field| field.trim().to_owned()).collect::<Vec<_>>())
                .filter(|row| row.iter().any(|field| !field.is_empty()))
                .collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_text_panics(text in "[a-z\"',;\t\r\n0-9.-]{0,200}") {
            let _ = columns(&text, &subjects(&["a/1.jpg", "a/b"]));
        }
    }
}
