//! Tables, for a terminal and for a page.

use std::fmt::Write as _;

use crate::report::html::Escaped;

/// A table with what it shows.
pub(super) struct Table {
    pub title: &'static str,
    pub note: String,
    pub head: Vec<String>,
    /// What each row is about comes first, then figures.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// With its columns under one another.
    pub(super) fn text(&self) -> String {
        let cells = || std::iter::once(&self.head).chain(&self.rows);
        let wide = |column: usize| cells().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let mut out = format!("{}\n  {}\n", self.title, self.note);
        for row in cells() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let _ = write!(line, "  {cell:wide$}", wide = wide(column).unwrap_or(0));
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    /// As a section of a page; cells are text, whatever they hold, and the note is markup.
    pub(super) fn html(&self) -> String {
        let mut out = format!(
            "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"quiet\">{}</p>\n<div class=\"wide\"><table>\n<thead><tr>",
            self.title, self.note
        );
        for cell in &self.head {
            let _ = write!(out, "<th>{}</th>", Escaped(cell));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let class = if column == 0 { "name" } else { "figure" };
                let _ = write!(out, "<td class=\"{class}\">{}</td>", Escaped(cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table></div>\n</section>\n");
        out
    }
}

/// A page that loads nothing and runs nothing; `about` is text, whatever it holds, and the body is markup.
pub(super) fn page(title: &str, about: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{title}</title>\n<style>\n{}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<p class=\"quiet\">{}</p>\n{body}</main>\n</body>\n</html>\n",
        include_str!("../report/page.css"),
        Escaped(about)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_the_same_on_a_terminal_and_on_a_page() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).into();
        let table = Table {
            title: "Title",
            note: "note".into(),
            head: row(["what", "figure"]),
            rows: vec![row(["a long name", "1"]), row(["b", "2"])],
        };
        assert_eq!(table.text(), "Title\n  note\n  what         figure\n  a long name  1\n  b            2\n");
        let html = table.html();
        let named = Table { head: row(["<set>", "&"]), ..table }.html();
        assert!(named.contains("<th>&lt;set&gt;</th><th>&amp;</th>"), "{named}");
        assert!(html.contains("<td class=\"name\">a long name</td><td class=\"figure\">1</td>"), "{html}");
        let page = page("Title", "<model>", &html);
        assert!(page.contains("&lt;model&gt;") && page.matches("<table>").count() == page.matches("</table>").count());
    }
}
