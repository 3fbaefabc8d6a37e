//! A document: headings, paragraphs, tables, figures and code, written as Markdown or as HTML.

use std::fmt::Write as _;

use super::figure::Figure;

/// A document in the order it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub title: String,
    pub blocks: Vec<Block>,
}

/// A part of a document. All text is plain: what would be markup in it is written as itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Heading(String),
    Text(String),
    List(Vec<String>),
    Table(Table),
    Figure(Figure),
    /// Text to copy, such as a project file.
    Code(String),
}

/// A table; the first column names the row, the others are numbers or short words. With an empty head it is a list of facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A document as Markdown, and the figures that it shows from files beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Markdown {
    pub text: String,
    /// Path as the text names it, relative to the text's own folder, and the SVG.
    pub figures: Vec<(String, String)>,
}

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|it| (*it).to_owned()).collect(), rows: Vec::new() }
    }
}

impl Document {
    /// As Markdown (CommonMark with GitHub's tables). Figures become files in `folder`, a name relative to the text:
    /// what shows Markdown shows such files, and often refuses pictures inside the text.
    pub fn to_markdown(&self, folder: &str) -> Markdown {
        let mut text = format!("# {}\n", escape_markdown(&self.title));
        let mut figures = Vec::new();
        for block in &self.blocks {
            text.push('\n');
            match block {
                Block::Heading(it) => writeln!(text, "## {}", escape_markdown(it)).ok(),
                Block::Text(it) => writeln!(text, "{}", escape_markdown(it)).ok(),
                Block::List(items) => {
                    text.extend(items.iter().map(|it| format!("- {}\n", escape_markdown(it))));
                    None
                }
                Block::Table(it) => {
                    write_table(&mut text, it);
                    None
                }
                Block::Figure(it) => {
                    let path = format!("{folder}/{}.svg", it.name);
                    writeln!(text, "![{}]({})", escape_markdown(&it.title), path.replace(' ', "%20")).ok();
                    figures.push((path, it.to_svg()));
                    None
                }
                Block::Code(it) => {
                    let fence = fence(it);
                    writeln!(text, "{fence}\n{}\n{fence}", it.trim_end()).ok()
                }
            };
        }
        Markdown { text, figures }
    }

    /// As one HTML file with everything inside.
    pub fn to_html(&self) -> String {
        let title = escape_html(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        );
        for block in &self.blocks {
            match block {
                Block::Heading(it) => writeln!(out, "<h2>{}</h2>", escape_html(it)).ok(),
                Block::Text(it) => writeln!(out, "<p>{}</p>", escape_html(it)).ok(),
                Block::List(items) => {
                    let items: String = items.iter().map(|it| format!("<li>{}</li>\n", escape_html(it))).collect();
                    writeln!(out, "<ul>\n{items}</ul>").ok()
                }
                Block::Table(it) => {
                    write_html_table(&mut out, it);
                    None
                }
                Block::Figure(it) => writeln!(
                    out,
                    "<figure>\n{}<figcaption>{}</figcaption>\n</figure>",
                    it.to_svg(),
                    escape_html(&it.title)
                )
                .ok(),
                Block::Code(it) => writeln!(out, "<pre><code>{}</code></pre>", escape_html(it.trim_end())).ok(),
            };
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }
}

fn write_table(text: &mut String, table: &Table) {
    let row = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|it| escape_inline(it)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    text.push_str(&row(&table.head));
    let rule: Vec<_> = (0..table.head.len()).map(|idx| if idx == 0 { "---" } else { "---:" }).collect();
    writeln!(text, "| {} |", rule.join(" | ")).ok();
    table.rows.iter().for_each(|it| text.push_str(&row(it)));
}

fn write_html_table(out: &mut String, table: &Table) {
    let row = |cells: &[String], tag: &str| -> String {
        let cells: String = cells.iter().map(|it| format!("<{tag}>{}</{tag}>", escape_html(it))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = table.rows.iter().map(|it| row(it, "td")).collect();
    let has_head = table.head.iter().any(|it| !it.is_empty());
    let head = if has_head { format!("<thead>{}</thead>\n", row(&table.head, "th").trim_end()) } else { String::new() };
    let class = if has_head { "" } else { " class=\"facts\"" };
    writeln!(out, "<div class=\"wide\"><table{class}>\n{head}<tbody>\n{rows}</tbody>\n</table></div>").ok();
}

/// What would be markup in Markdown, written so that it is read as itself, also where it begins a line.
fn escape_markdown(text: &str) -> String {
    let digits = text.trim_start_matches(|it: char| it.is_ascii_digit());
    let is_item = digits.len() < text.len() && (digits.starts_with(". ") || digits.starts_with(") "));
    if is_item {
        let n_digits = text.len() - digits.len();
        return format!("{}\\{}", &text[..n_digits], escape_inline(digits));
    }
    let begins = text.starts_with(['#', '+', '-', '=']);
    format!("{}{}", if begins { "\\" } else { "" }, escape_inline(text))
}

/// The same within a line.
fn escape_inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        if matches!(it, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$') {
            out.push('\\');
        }
        out.push(if it == '\n' || it == '\r' { ' ' } else { it });
    }
    out
}

pub(super) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Nothing below the space but line breaks and tabs may stand in SVG.
            it if (it as u32) < 0x20 && !matches!(it, '\n' | '\t') => out.push('\u{FFFD}'),
            it => out.push(it),
        }
    }
    out
}

/// More backquotes than the text has in a row.
fn fence(text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

const STYLE: &str = "\
:root { color-scheme: light dark; --ground: #fff; --text: #1d2129; --dim: #586174; --line: #dfe3ea; --card: #f7f8fa; }
@media (prefers-color-scheme: dark) { :root { --ground: #1a1d23; --text: #e7e9ee; --dim: #98a1b2; --line: #2c313b; --card: #21252d; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .5rem 0; }
figure { margin: 1.2rem 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--dim); font-size: .87rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
.facts td { text-align: left; }
.facts td:first-child { color: var(--dim); }
th { color: var(--dim); font-weight: 600; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; font-size: .83rem; line-height: 1.45; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_markup_is_read_as_itself() {
        let cases = [
            ("a|b", "a\\|b"),
            ("# no heading", "\\# no heading"),
            ("1. no item", "1\\. no item"),
            ("3.5 is a number", "3.5 is a number"),
            ("R2 of 0.5", "R2 of 0.5"),
            ("- no list", "\\- no list"),
            ("3 - 1", "3 - 1"),
            ("<b>*x*_y_`z`</b>", "\\<b\\>\\*x\\*\\_y\\_\\`z\\`\\</b\\>"),
            ("two\nlines", "two lines"),
        ];
        for (text, expected) in cases {
            assert_eq!(escape_markdown(text), expected);
        }
        assert_eq!(escape_html("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;\u{FFFD}");
        assert_eq!([fence("x"), fence("a ```` b")], ["```", "`````"]);
    }

    #[test]
    fn a_document_is_written_in_both_forms() {
        let mut table = Table::new(&["measure", "test"]);
        table.rows.push(vec!["loss".to_owned(), "0.5".to_owned()]);
        let document = Document {
            title: "A & B".to_owned(),
            blocks: vec![
                Block::Heading("Result".to_owned()),
                Block::Text("It went well.".to_owned()),
                Block::Table(table),
                Block::List(vec!["one".to_owned()]),
                Block::Figure(Figure { name: "loss".to_owned(), title: "Loss".to_owned(), ..Figure::default() }),
                Block::Code("(\n)\n".to_owned()),
            ],
        };
        let markdown = document.to_markdown("a figures");
        let expected = "# A \\& B\n\n## Result\n\nIt went well.\n\n| measure | test |\n| --- | ---: |\n| loss | 0.5 |\n\n- one\n\n![Loss](a%20figures/loss.svg)\n\n```\n(\n)\n```\n";
        assert_eq!(markdown.text, expected);
        assert_eq!(markdown.figures[0].0, "a figures/loss.svg");
        let html = document.to_html();
        for part in ["<h1>A &amp; B</h1>", "<td>0.5</td>", "<li>one</li>", "<svg", "<pre><code>(\n)</code></pre>"] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(!html.contains("<script") && !html.contains("src="), "it needs nothing but itself");
    }
}
